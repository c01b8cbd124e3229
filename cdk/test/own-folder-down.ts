import { rmSync } from 'node:fs';

export default function tearDown(): void {
  const folder = process.env['RESCUE_CDK_TMP'];
  if (folder) {
    rmSync(folder, { recursive: true, force: true });
  }
}

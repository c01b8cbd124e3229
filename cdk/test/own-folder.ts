import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';

/** The CDK leaves an assembly in the folder for temporary files for each app; this run gets one of its own. */
export default function setUp(): void {
  process.env['RESCUE_CDK_TMP'] = mkdtempSync(path.join(tmpdir(), 'rescue-cdk-'));
  process.env['TMPDIR'] = process.env['RESCUE_CDK_TMP'];
}

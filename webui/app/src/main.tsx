/** The beginning: styles, keys, the session, then the page. */
import '@cloudscape-design/global-styles/index.css';
import './app/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './api/client';
import { App } from './app/App';
import { followLook } from './app/look';
import { sessions } from './auth/current';
import { listenForKeys } from './ui/keys';
import { followRenewals } from './ui/renewed';

followLook();
listenForKeys();
followRenewals();
void sessions.begin();

const root = document.getElementById('root');
if (!root) throw new Error('The page has no place for the console.');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

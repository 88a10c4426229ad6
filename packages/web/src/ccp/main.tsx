// The agent's page: mounts the Contact Control Panel. Everything it shows comes from the service's snapshots.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Page } from './page.tsx';
import './styles.css';

const root = document.getElementById('page');
if (!root) throw new Error('The page has no element to live in.');
createRoot(root).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);

// Builds the pages into dist/, where the service serves them from. Run by `npm ci` (prepare).

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'src/ccp',
  base: '/ccp/',
  plugins: [react()],
  build: { outDir: '../../dist/ccp', emptyOutDir: true, assetsInlineLimit: 0, sourcemap: false },
});

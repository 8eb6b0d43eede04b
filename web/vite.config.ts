import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const api = process.env['TRUENAV_API'] ?? 'http://127.0.0.1:8800';

const FIRST_PAGE = 'features/overview/Overview.tsx';

/** The first page is fetched beside the entry, not after the entry has run and asked who is there. */
function firstPageBesideEntry(): Plugin {
  return {
    name: 'first-page-beside-entry',
    transformIndexHtml(html, { bundle = {} }) {
      const part = Object.values(bundle).find((one) => one.type === 'chunk' && one.facadeModuleId?.endsWith(FIRST_PAGE));
      if (part?.type !== 'chunk') return;
      const parts = [part.fileName, ...part.imports].map((file) => bundle[file]).filter((one) => one?.type === 'chunk');
      const scripts = parts.map((one) => ({ rel: 'modulepreload', href: `/${one.fileName}` }));
      const styles = parts.flatMap((one) => [...(one.viteMetadata?.importedCss ?? [])]).map((file) => ({ rel: 'preload', as: 'style', href: `/${file}` }));
      return [...scripts, ...styles]
        .filter(({ href }) => !html.includes(href))
        .map((attrs) => ({ tag: 'link', attrs: { crossorigin: true, ...attrs }, injectTo: 'head' as const }));
    },
  };
}

export default defineConfig({
  plugins: [react(), firstPageBesideEntry()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    manifest: true,
    chunkSizeWarningLimit: 1200,
    assetsInlineLimit: 0,
    // What nearly every page is made of is one file: a dozen small ones cost a browser more than their bytes.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'kit', test: /\/src\/(ui|lib)\//, minShareCount: 2 }] } } },
  },
  server: { proxy: { '/api': { target: api, changeOrigin: false } } },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});

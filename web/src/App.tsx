// Who is there decides what is shown: a public page, the log-in, or the shell with the registered pages.
import { Suspense, lazy, useEffect, useState, type ReactNode } from 'react';
import { Navigate, RouterProvider, createBrowserRouter, matchPath, type RouteObject } from 'react-router';
import { api } from './api/client';
import { basketPlace } from './features/baskets/public/address';
import { publicPlace } from './features/products/public/address';
import { Door } from './features/session/Door';
import { LogInOverPage } from './features/session/LogIn';
import { useLanguage, useWords } from './lib/i18n';
import { useModules } from './lib/modules';
import { pages, type PageDef } from './lib/pages';
import { useCan } from './lib/permissions';
import { queries } from './lib/queries';
import { session, useSession } from './lib/session';
import { tree } from './lib/view';
import { Shell } from './shell/Shell';
import { useOfferedPages } from './shell/offered';
import words from './shell/words';
import { NoPermission, State } from './ui/States';

const routes: RouteObject[] = [
  {
    element: <Shell />,
    children: [
      ...pages.map(routeOf),
      { path: '/settings', Component: lazy(() => import('./shell/Settings')) },
      { path: '*', element: <NoPage /> },
    ],
  },
];

function routeOf(page: PageDef): RouteObject {
  const Lazy = lazy(page.load);
  return {
    path: page.path,
    element: (
      <Guard page={page}>
        <Lazy />
      </Guard>
    ),
  };
}

let router: ReturnType<typeof createBrowserRouter> | null = null;

const PublicProduct = lazy(() => import('./features/products/public/PublicProduct'));
const PublicBasket = lazy(() => import('./features/baskets/public/PublicBasket'));

export function App() {
  const [product] = useState(() => publicPlace(location.pathname));
  const [basket] = useState(() => basketPlace(location.pathname));
  useChineseType();
  if (product === null && basket === null) return <House />;
  return (
    <Suspense>
      {product ? <PublicProduct place={product} /> : null}
      {basket ? <PublicBasket place={basket} /> : null}
    </Suspense>
  );
}

/** What is behind the log-in, and the log-in before it. */
function House() {
  const found = useSession();
  useEffect(() => void arrive(), []);
  if (found.kind === 'unknown') return null;
  if (found.kind === 'out') return <Door />;
  router ??= createBrowserRouter(routes);
  return (
    <>
      <Suspense>
        <RouterProvider router={router} />
      </Suspense>
      <LogInOverPage why={found.expired} />
    </>
  );
}

async function arrive(): Promise<void> {
  const wanted = pages.find((page) => matchPath(page.path, location.pathname));
  void wanted?.load().catch(() => undefined); // beside the question who is there, not after it
  const { data } = await api.GET('/api/v1/me').catch(() => ({ data: undefined }));
  if (!data) return session.end();
  if (wanted?.bar && data.actions.includes(wanted.action)) void queries.prefetchQuery(tree); // before the first drawing
  session.begin(data);
}

/** Chinese type: at once where 中文 is shown, else after the first paint, for the names that people gave. */
function useChineseType(): void {
  const chinese = useLanguage() === 'zh';
  useEffect(() => {
    const timer = setTimeout(() => void import('@fontsource-variable/noto-sans-sc/wght.css'), chinese ? 0 : 700);
    return () => clearTimeout(timer);
  }, [chinese]);
}

function Guard({ page, children }: { page: PageDef; children: ReactNode }) {
  const can = useCan();
  const on = useModules();
  const { rail } = useOfferedPages();
  const language = useLanguage();
  useEffect(() => {
    document.title = `${page.label[language]} · truenav`;
  }, [page, language]);
  if (page.module !== undefined && !on(page.module)) return <NoPage />;
  if (can(page.action)) return children;
  // Who may not see the overview, as an investor, begins with what they may see.
  return page.path === '/' && rail[0] ? <Navigate to={rail[0].path} replace /> : <NoPermission action={page.action} />;
}

function NoPage() {
  return <State icon="search" title={useWords(words).notFound} />;
}

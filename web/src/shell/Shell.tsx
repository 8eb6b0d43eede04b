// The frame around every page: rail, top bar, palette, and on a phone a bar of five.
import { Drawer } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';
import { useLanguage, useWords } from '@/lib/i18n';
import { followNews } from '@/lib/live';
import { useCan } from '@/lib/permissions';
import type { PageDef } from '@/lib/pages';
import { Icon, Mark } from '@/ui/Icon';
import { Loading } from '@/ui/States';
import { Boundary } from './Boundary';
import css from './Shell.module.css';
import { TopBar } from './TopBar';
import { useOfferedPages } from './offered';
import words from './words';
import { Palette } from './Palette';

const TABS = 4;

export function Shell() {
  const t = useWords(words);
  const queries = useQueryClient();
  const phone = useMediaQuery('(max-width: 700px)');
  const { pathname } = useLocation();
  const follows = useCan()('event:read');
  useEffect(() => (follows ? followNews(queries) : undefined), [follows, queries]);
  return (
    <div className={css.app}>
      <a className={css.skip} href="#content">
        {t.skip}
      </a>
      {phone ? null : <Rail />}
      <div className={css.main}>
        <TopBar />
        <main id="content" className={css.page} tabIndex={-1}>
          <Boundary key={pathname}>
            <Suspense fallback={<Loading rows={8} />}>
              <Outlet />
            </Suspense>
          </Boundary>
        </main>
      </div>
      {phone ? <TabBar /> : null}
      <Palette />
    </div>
  );
}

function Rail() {
  const t = useWords(words);
  const { rail, settings } = useOfferedPages();
  return (
    <nav className={css.rail} aria-label={t.menu}>
      <NavLink to="/" className={css.mark} aria-label="truenav">
        <Mark />
      </NavLink>
      {rail.map((page) => (
        <Item key={page.path} page={page} />
      ))}
      <span className="grow" />
      {settings.length > 0 ? (
        <NavLink to="/settings" className={css.item}>
          <Icon name="settings" size={18} />
          <span>{t.settings}</span>
        </NavLink>
      ) : null}
    </nav>
  );
}

function Item({ page, onClick }: { page: PageDef; onClick?: () => void }) {
  const language = useLanguage();
  return (
    <NavLink to={page.path} end={page.path === '/'} className={css.item} onClick={onClick}>
      <Icon name={page.icon} size={18} />
      <span>{page.label[language]}</span>
    </NavLink>
  );
}

function TabBar() {
  const t = useWords(words);
  const { rail, settings } = useOfferedPages();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <nav className={css.tabs} aria-label={t.menu}>
      {rail.slice(0, TABS).map((page) => (
        <Item key={page.path} page={page} />
      ))}
      <button type="button" className={`bare ${css.item}`} onClick={open}>
        <Icon name="more" size={18} />
        <span>{t.more}</span>
      </button>
      <Drawer opened={opened} onClose={close} position="bottom" size="auto" title={t.menu}>
        <div className={css.sheet}>
          {[...rail.slice(TABS), ...settings].map((page) => (
            <Item key={page.path} page={page} onClick={close} />
          ))}
        </div>
      </Drawer>
    </nav>
  );
}

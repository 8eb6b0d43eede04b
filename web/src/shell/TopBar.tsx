import { Button, Menu, Popover, TextInput } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { useState } from 'react';
import { matchPath, useLocation, useNavigate } from 'react-router';
import { api } from '@/api/client';
import { chooseLanguage, useLanguage, useWords } from '@/lib/i18n';
import { useLiveState } from '@/lib/live';
import { pages } from '@/lib/pages';
import { session, useMe } from '@/lib/session';
import { useTheme } from '@/lib/theme';
import { full, moment } from '@/lib/time';
import { useFunds, useNumeraires, useView } from '@/lib/view';
import { Icon } from '@/ui/Icon';
import css from './TopBar.module.css';
import words from './words';

export function TopBar() {
  const t = useWords(words);
  const language = useLanguage();
  const { pathname } = useLocation();
  const page = pages.find((one) => matchPath(one.path, pathname));
  return (
    <header className={css.bar}>
      {page?.bar ? <FundMenu list={page.path.includes(':') ? `/${pathname.split('/')[1]}` : null} /> : <span className={css.title}>{page?.label[language] ?? (pathname === '/settings' ? t.settings : null)}</span>}
      <span className="grow" />
      {page?.bar?.asOf ? <AsOf /> : <LiveDot />}
      {page?.bar?.numeraire ? <Numeraire /> : null}
      <button type="button" className={css.pick} onClick={spotlight.open} title={t.searchTitle} aria-label={`${t.search} Ctrl K`}>
        <Icon name="search" size={12} />
        <span className={`dim ${css.wide}`}>{t.search}</span>{' '}
        <kbd className={css.wide}>Ctrl K</kbd>
      </button>
      <button
        type="button"
        className={css.pick}
        lang={language === 'en' ? 'zh-Hans' : 'en'}
        onClick={() => chooseLanguage(language === 'en' ? 'zh' : 'en')}
        aria-label={t.toOtherLanguage}
      >
        {t.otherLanguage}
      </button>
      <UserMenu />
    </header>
  );
}

/** `list`: on a page of one thing of a fund, where the things of another fund are. */
function FundMenu({ list }: { list: string | null }) {
  const t = useWords(words);
  const funds = useFunds();
  const navigate = useNavigate();
  const { fund, numeraire, asOf, change } = useView();
  const choose = (chosen: string) => {
    if (list === null) change({ fund: chosen });
    else void navigate(`${list}?${new URLSearchParams({ fund: chosen, in: numeraire, ...(asOf ? { as_of: asOf } : {}) })}`);
  };
  const name = funds.find((one) => one.id === fund)?.body.name ?? fund ?? '';
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className={`bare ${css.title}`} aria-label={`${t.fund}: ${name}`}>
          <span>{name}</span>
          <Icon name="down" size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {funds.map((one) => (
          <Menu.Item key={one.id} onClick={() => choose(one.id)} fw={one.id === fund ? 600 : undefined} pl={one.body.parent ? 22 : undefined}>
            {one.body.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function LiveDot() {
  const t = useWords(words);
  const state = useLiveState();
  const label = state === 'live' ? t.live : state === 'broken' ? t.broken : t.connecting;
  return (
    <span className={css.liveness} role="status" aria-label={label} title={label}>
      <span className={`${css.dot} ${css[state]}`} />
      {state === 'broken' ? <span className={`warn ${css.wide}`}>{label}</span> : null}
    </span>
  );
}

function AsOf() {
  const t = useWords(words);
  const language = useLanguage();
  const { asOf, change } = useView();
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState('');
  const wanted = text === '' ? null : new Date(`${text}Z`);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <button type="button" className={`${css.pick} ${css.asOf}`} onClick={() => setOpened(!opened)} aria-expanded={opened} title={asOf ? full(asOf) : undefined}>
          <LiveDot />
          <span className="dim">{t.asOf}</span>
          <span className={asOf ? 'warn' : undefined}>{asOf ? moment(asOf, language) : t.now}</span>
          <Icon name="down" size={12} />
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className={css.times}
          onSubmit={(event) => {
            event.preventDefault();
            if (wanted && !Number.isNaN(wanted.getTime())) change({ asOf: wanted.toISOString() });
            setOpened(false);
          }}
        >
          <TextInput type="datetime-local" label={t.asOf} description={t.asOfHint} value={text} onChange={(event) => setText(event.currentTarget.value)} data-autofocus />
          <Button
            variant="subtle"
            onClick={() => {
              change({ asOf: null });
              setOpened(false);
            }}
          >
            {t.backToNow}
          </Button>
          <Button type="submit" variant="filled" disabled={wanted === null}>
            {t.show}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function Numeraire() {
  const t = useWords(words);
  const codes = useNumeraires();
  const { numeraire, change } = useView();
  return (
    <Menu>
      <Menu.Target>
        <button type="button" className={css.pick} aria-label={`${t.numeraire}: ${t.inNumeraire} ${numeraire}`}>
          <span className={`dim ${css.wide}`}>{t.inNumeraire}</span> {numeraire}
          <Icon name="down" size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
        {codes.map((code) => (
          <Menu.Item key={code} onClick={() => change({ numeraire: code })} fw={code === numeraire ? 600 : undefined}>
            {code}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function UserMenu() {
  const t = useWords(words);
  const me = useMe();
  const { chosen, choose } = useTheme();
  const initials = me.name
    .split(/\s+/)
    .map((part) => part[0] ?? '')
    .slice(0, 2)
    .join('')
    .toUpperCase();
  const logOut = async () => {
    await api.POST('/api/v1/logout');
    session.end();
  };
  return (
    <Menu width={220}>
      <Menu.Target>
        <button type="button" className={css.avatar} aria-label={t.user}>
          {initials}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <span className="medium">{me.name}</span>
          <br />
          {me.roles.join(', ')} · {me.tenant}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>{t.theme}</Menu.Label>
        {(['light', 'dark', 'auto'] as const).map((theme) => (
          <Menu.Item key={theme} onClick={() => choose(theme)} closeMenuOnClick={false} fw={theme === chosen ? 600 : undefined}>
            {t[theme]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="logout" size={14} />} onClick={() => void logOut()}>
          {t.logOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

import { Button, Menu, Popover, TextInput } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { useState, type ReactNode } from 'react';
import { matchPath, useLocation, useNavigate } from 'react-router';
import { api } from '@/api/client';
import { chooseLanguage, useLanguage, useWords } from '@/lib/i18n';
import { useLiveState } from '@/lib/live';
import { pages } from '@/lib/pages';
import { useCan } from '@/lib/permissions';
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
  const title = <span className={css.title}>{page?.label[language] ?? (pathname === '/settings' ? t.settings : null)}</span>;
  return (
    <header className={css.bar}>
      {page?.bar ? <FundMenu list={page.path.includes(':') ? `/${pathname.split('/')[1]}` : null} none={title} /> : title}
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

/** `list`: on a page of one thing of a fund, where the things of another fund are; `none`: where there is no fund. */
function FundMenu({ list, none }: { list: string | null; none: ReactNode }) {
  const t = useWords(words);
  const funds = useFunds();
  const navigate = useNavigate();
  const { fund, numeraire, moment: when, change } = useView();
  const choose = (chosen: string) => {
    if (list === null) change({ fund: chosen });
    else void navigate(`${list}?${new URLSearchParams({ fund: chosen, in: numeraire, ...when })}`);
  };
  const name = funds.find((one) => one.id === fund)?.body.name ?? fund ?? '';
  if (funds.length === 0 && fund === null) return none;
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
  const follows = useCan()('event:read');
  const t = useWords(words);
  const state = useLiveState();
  if (!follows) return null; // of news that the role does not hear, none is missed
  const label = state === 'live' ? t.live : state === 'broken' ? t.broken : t.connecting;
  return (
    <span className={css.liveness} role="status" aria-label={label} title={label}>
      <span className={`${css.dot} ${css[state]}`} />
      {state === 'broken' ? <span className={`warn ${css.wide}`}>{label}</span> : null}
    </span>
  );
}

/** What is looked at: now, or a past instant, and what was known then. */
function AsOf() {
  const t = useWords(words);
  const language = useLanguage();
  const { asOf, knownAt } = useView();
  const [opened, setOpened] = useState(false);
  const past = asOf !== null || knownAt !== null;
  const title = [asOf ? `${t.asOf} ${full(asOf)}` : null, knownAt ? `${t.knownAt} ${full(knownAt)}` : null].filter(Boolean).join(', ');
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <button type="button" className={`${css.pick} ${css.asOf}`} onClick={() => setOpened(!opened)} aria-expanded={opened} title={title || undefined}>
          <LiveDot />
          <span className={`${css.clock} ${past ? 'warn' : 'dim'}`}>
            <Icon name="clock" size={14} />
          </span>
          <span className="dim">{t.asOf}</span>
          <span className={past ? 'warn' : undefined}>{past ? moment(asOf ?? knownAt ?? '', language) : t.now}</span>
          {knownAt ? (
            <>
              <span className="dim">{t.knownAt}</span>
              <span className="warn">{moment(knownAt, language)}</span>
            </>
          ) : null}
          <Icon name="down" size={12} />
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <Moments onDone={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}

const typed = (instant: string | null): string => instant?.slice(0, 16) ?? '';

/** Null where nothing is typed, undefined where it is no instant. */
function instantOf(text: string): string | null | undefined {
  if (text === '') return null;
  const at = new Date(`${text}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

function Moments({ onDone }: { onDone: () => void }) {
  const t = useWords(words);
  const view = useView();
  const [text, setText] = useState({ asOf: typed(view.asOf), knownAt: typed(view.knownAt) });
  const wanted = { asOf: instantOf(text.asOf), knownAt: instantOf(text.knownAt) };
  const good = wanted.asOf !== undefined && wanted.knownAt !== undefined;
  const show = (next: { asOf?: string | null; knownAt?: string | null }) => {
    view.change(next);
    onDone();
  };
  return (
    <form
      className={css.times}
      onSubmit={(event) => {
        event.preventDefault();
        if (good) show(wanted);
      }}
    >
      {(['asOf', 'knownAt'] as const).map((field) => (
        <TextInput
          key={field}
          type="datetime-local"
          label={t[field]}
          description={t[`${field}Hint`]}
          value={text[field]}
          onChange={({ currentTarget: { value } }) => setText({ ...text, [field]: value })}
          data-autofocus={field === 'asOf' || undefined}
        />
      ))}
      <div>
        <Button variant="subtle" onClick={() => show({ asOf: null, knownAt: null })}>
          {t.backToNow}
        </Button>
        <Button type="submit" variant="filled" disabled={!good || (text.asOf === '' && text.knownAt === '')}>
          {t.show}
        </Button>
      </div>
    </form>
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
        <button type="button" className={css.avatar} aria-label={`${initials}: ${t.user}`}>
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

// Language, theme and numeraire follow the person: the server's win on every log-in, what is chosen here is
// kept there too. The browser's own copy is for the first paint, and for who never chose.
import { api } from '@/api/client';
import type { PreferencesAnswer, PreferencesBody } from '@/api/schema';
import { chooseLanguage, language } from './i18n';
import { keep, kept, onKept } from './keep';
import { onSession, session } from './session';
import { adoptTheme, chosenTheme, type Theme } from './theme';

const PREFERRED = new Set(['language', 'theme', 'numeraire']);
const TOGETHER_MS = 400;

let atServer: PreferencesAnswer | null = null;
let saving: ReturnType<typeof setTimeout> | undefined;

function here(): PreferencesBody {
  const theme = chosenTheme();
  return { language: language(), theme: theme === 'auto' ? 'system' : theme, numeraire: kept('numeraire') ?? 'USD' };
}

function adopt(preferences: PreferencesAnswer | null): void {
  atServer = preferences;
  if (preferences === null) return;
  chooseLanguage(preferences.language === 'zh' ? 'zh' : 'en');
  adoptTheme(preferences.theme === 'system' ? 'auto' : (preferences.theme as Theme));
  keep('numeraire', preferences.numeraire);
}

async function save(): Promise<void> {
  const wanted = here();
  if (session.get().kind !== 'in' || (atServer && same(wanted, atServer))) return;
  // A preference that could not be kept stays the browser's; nobody is bothered with it.
  const { data } = await api.PUT('/api/v1/me/preferences', { body: wanted }).catch(() => ({ data: undefined }));
  atServer = data ?? atServer;
}

function same(one: PreferencesBody, other: PreferencesAnswer): boolean {
  return one.language === other.language && one.theme === other.theme && one.numeraire === other.numeraire;
}

/** Begin to follow who logs in and what they choose; once, before the first paint. */
export function followPreferences(): void {
  let last: unknown = null;
  onSession(() => {
    const now = session.get();
    const me = now.kind === 'in' ? now.me : null;
    if (me !== null && me !== last) adopt(me.preferences);
    last = me;
  });
  onKept((name) => {
    if (!PREFERRED.has(name)) return;
    clearTimeout(saving);
    saving = setTimeout(() => void save(), TOGETHER_MS);
  });
}

// A page for everybody: no rail and no log-in, only what it is called, the language, and who computed it.
import { SegmentedControl } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import { chooseLanguage, useLanguage, useWords } from '@/lib/i18n';
import { useTheme, type Theme } from '@/lib/theme';
import { Mark } from './Icon';
import { Stack } from './Layout';
import css from './PublicPage.module.css';
import words from './words';

const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

export function PublicPage({ title, foot, children }: { title: string; foot: string; children: ReactNode }) {
  const t = useWords(words);
  const other = useLanguage() === 'en' ? 'zh' : 'en';
  const { chosen, choose } = useTheme();
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <div className={css.page}>
      <header className={css.bar}>
        <Mark size={24} />
        <h1 className={css.title}>{title}</h1>
        <span className="grow" />
        <SegmentedControl
          size="xs"
          aria-label={t.theme}
          value={chosen}
          onChange={(value) => choose(value as Theme)}
          data={THEMES.map((value) => ({ value, label: t.themes[value] }))}
        />
        <button type="button" className="link" lang={other === 'zh' ? 'zh-Hans' : 'en'} onClick={() => chooseLanguage(other)}>
          {t.otherLanguage}
        </button>
      </header>
      <main>
        <Stack>{children}</Stack>
      </main>
      <footer className={`dim ${css.foot}`}>{foot}</footer>
    </div>
  );
}

// The small card that stands before the app, with the language switch.
import type { ReactNode } from 'react';
import { chooseLanguage, useLanguage } from '@/lib/i18n';
import { Mark } from '@/ui/Icon';
import css from './LogIn.module.css';

export function Card({ title, hint, children }: { title: string; hint: ReactNode; children: ReactNode }) {
  const language = useLanguage();
  return (
    <main className={css.page}>
      <div className={css.card}>
        <header className={css.head}>
          <Mark size={36} />
          <button type="button" className="link" onClick={() => chooseLanguage(language === 'en' ? 'zh' : 'en')}>
            {language === 'en' ? '中文' : 'English'}
          </button>
        </header>
        <h1>{title}</h1>
        <p className="ink2">{hint}</p>
        {children}
      </div>
    </main>
  );
}

import { useLanguage } from '@/lib/i18n';
import css from './Sentence.module.css';

/** A sentence of the server, which is English: alone for who reads English, else under its title in 中文. */
export function Sentence({ title, message }: { title: string; message: string }) {
  if (useLanguage() === 'en') return <>{message}</>;
  return (
    <>
      {title}
      <small className={css.original} lang="en">
        {message}
      </small>
    </>
  );
}

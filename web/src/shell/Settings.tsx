import { NavLink } from 'react-router';
import { useLanguage, useWords } from '@/lib/i18n';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { useOfferedPages } from './offered';
import css from './Settings.module.css';
import words from './words';

/** All pages of the settings group that the user may open. */
export default function Settings() {
  const t = useWords(words);
  const language = useLanguage();
  const { settings } = useOfferedPages();
  return (
    <Panel title={t.settings}>
      <div className={css.grid}>
        {settings.map((page) => (
          <NavLink key={page.path} to={page.path} className={css.tile}>
            <Icon name={page.icon} size={18} />
            {page.label[language]}
          </NavLink>
        ))}
      </div>
    </Panel>
  );
}

import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { useNavigate } from 'react-router';
import { useLanguage, useWords } from '@/lib/i18n';
import { Icon } from '@/ui/Icon';
import { useOfferedPages } from './offered';
import words from './words';

/** Every page and command by name, in either language (Ctrl K). */
export function Palette() {
  const t = useWords(words);
  const language = useLanguage();
  const navigate = useNavigate();
  const offered = useOfferedPages();
  const groups: SpotlightActionGroupData[] = [
    {
      group: t.goTo,
      actions: offered.all.map((page) => ({
        id: page.path,
        label: page.label[language],
        keywords: [page.label.en, page.label.zh],
        leftSection: <Icon name={page.icon} />,
        onClick: () => void navigate(page.path),
      })),
    },
    {
      group: t.run,
      actions: offered.commands.map((command) => ({
        id: command.id,
        label: command.label[language],
        keywords: [command.label.en, command.label.zh],
        leftSection: <Icon name={command.icon} />,
        onClick: () => command.run(navigate),
      })),
    },
  ];
  return (
    <Spotlight
      actions={groups.filter((group) => group.actions.length > 0)}
      shortcut={['mod + K', '/']}
      nothingFound={t.noHit}
      highlightQuery
      scrollable
      overlayProps={{ backgroundOpacity: 0.25, blur: 0 }}
      maxHeight={420}
      searchProps={{ leftSection: <Icon name="search" />, placeholder: t.search, 'aria-label': t.search }}
    />
  );
}

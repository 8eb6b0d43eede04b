// The ways from the list of products to the pages that explain rules.
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { useWords } from '@/lib/i18n';
import words from './words';

export function ExplainLinks() {
  const t = useWords(words);
  return (
    <>
      <Button component={Link} to="/products/explain/what-if" size="xs">
        {t.whatIf}
      </Button>
      <Button component={Link} to="/products/explain/compare" size="xs">
        {t.compare}
      </Button>
    </>
  );
}

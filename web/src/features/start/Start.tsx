// The first steps of a new organisation, in their order; what the data shows as done is done.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api, ask } from '@/api/client';
import type { Step } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Badge } from '@/ui/Badge';
import { Panel } from '@/ui/Panel';
import { Shown, State } from '@/ui/States';
import css from './Start.module.css';
import words from './words';

const WAYS = { connect: '/connections/new', import: '/imports', tree: '/tree', strike: '/nav' } as const;
type Known = keyof typeof WAYS;

export default function Start() {
  const t = useWords(words);
  const list = useQuery({ queryKey: ['setup', 'checklist'], queryFn: () => ask(api.GET('/api/v1/setup/checklist')) });
  const steps = list.data?.steps ?? [];
  const done = steps.filter((one) => one.done).length;
  return (
    <Panel title={t.title} sub={steps.length > 0 ? t.sub(done, steps.length) : undefined} className={css.panel}>
      <Shown of={list} rows={4}>
        {(found) => (
          <>
            <ol className={css.steps}>
              {found.steps.map((step, index) => (
                <OneStep key={step.step} step={step} number={index + 1} next={index === found.steps.findIndex((one) => !one.done)} />
              ))}
            </ol>
            {found.steps.every((one) => one.done) ? (
              <State
                icon="check"
                tone="accent"
                title={t.all}
                action={
                  <Button component={Link} to="/">
                    {t.overview}
                  </Button>
                }
              />
            ) : null}
          </>
        )}
      </Shown>
    </Panel>
  );
}

function OneStep({ step, number, next }: { step: Step; number: number; next: boolean }) {
  const t = useWords(words);
  if (!(step.step in WAYS)) return null;
  const name = step.step as Known;
  const said = t.steps[name];
  return (
    <li className={css.step} aria-current={next ? 'step' : undefined}>
      <span className={css.number}>{number}</span>
      <span className="grow">
        <strong>{said.title}</strong>
        <span className="ink2">{said.hint}</span>
      </span>
      {step.done ? (
        <Badge tone="ok" icon="check">
          {t.done}
        </Badge>
      ) : (
        <Button size="xs" variant={next ? 'filled' : 'default'} component={Link} to={WAYS[name]}>
          {said.go}
        </Button>
      )}
    </li>
  );
}

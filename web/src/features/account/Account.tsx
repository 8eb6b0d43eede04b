// One's own account: what opens it, where it is open, and what programs may do in one's name.
import css from './Account.module.css';
import { Factors } from './Factors';
import { Password } from './Password';
import { Sessions } from './Sessions';
import { Tokens } from './Tokens';

export default function Account() {
  return (
    <div className={css.page}>
      <div>
        <Factors />
        <Sessions />
      </div>
      <div>
        <Password />
        <Tokens />
      </div>
    </div>
  );
}

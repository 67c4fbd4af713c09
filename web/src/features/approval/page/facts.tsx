import type { Request } from '../../../shared/phone/phones.ts';
import { usePhones } from '../../../ui/context.ts';
import { useLeft } from '../../../ui/countdown.tsx';
import { isolated } from '../../../ui/isolated.ts';
import { language, t } from '../../../ui/texts.ts';

/** Who asks: the organisation, or the service itself where an account has none. */
export function Asker({ request }: { readonly request: Request }) {
  return (
    <bdi class="asker" translate={false}>
      {request.account.organisation ?? request.app.name}
    </bdi>
  );
}

/** What a person needs to know to say yes: whose account, for what, from where, with which browser, since when. */
export function Facts({ request }: { readonly request: Request }) {
  const { account, ctx } = request;
  return (
    <dl class="request-facts">
      <div class="whose">
        <dt class="unseen">{t('app.request.account')}</dt>
        <dd>
          <bdi translate={false}>{account.username}</bdi>
        </dd>
      </div>
      {request.text === undefined ? null : <Text text={request.text} />}
      <div>
        <dt class="unseen">{t('app.request.what')}</dt>
        <dd>{purpose(request)}</dd>
      </div>
      <div class="with">
        <dt class="unseen">{t('app.request.browser')}</dt>
        <dd>
          {ctx.browser === undefined ? t('app.request.no_browser') : <bdi translate={false}>{ctx.browser}</bdi>}{' '}
          {ctx.known ? null : <span class="pill new-browser">{t('app.request.new_browser')}</span>}
        </dd>
      </div>
      <div>
        <dt class="unseen">{t('app.request.where')}</dt>
        <dd>
          {place(request)} · <Since at={ctx.at} />
        </dd>
      </div>
    </dl>
  );
}

/** The sentence that the app wants agreed to. It is foreign, so it stands apart. */
function Text({ text }: { readonly text: string }) {
  return (
    <div class="sentence">
      <dt class="unseen">{t('app.request.what')}</dt>
      <dd>
        <bdi translate={false}>{text}</bdi>
      </dd>
    </div>
  );
}

/** What will have happened after a yes. */
export function purpose({ op, app }: Pick<Request, 'op' | 'app'>): string {
  const values = { app: isolated(app.name) };
  switch (op) {
    case 'signin':
      return t('app.request.op.signin', values);
    case 'second-step':
      return t('app.request.op.second_step', values);
    case 'step-up':
      return t('app.request.op.step_up', values);
    case 'factor':
      return t('app.request.op.factor');
    case 'recovery':
      return t('app.request.op.recovery');
    case 'computer':
      return t('app.request.op.computer', values);
    case 'transaction':
      return t('app.request.op.transaction', values);
    case 'practice':
      return t('app.request.op.practice');
  }
}

/** The best that is known of where, which is never exact. */
export function place({ ctx }: Pick<Request, 'ctx'>): string {
  if (ctx.place !== undefined) return t('app.request.place', { place: isolated(ctx.place) });
  if (ctx.net !== undefined) return t('app.request.net', { net: isolated(ctx.net) });
  return ctx.ip === undefined ? t('app.request.nowhere') : t('app.request.ip', { ip: isolated(ctx.ip) });
}

/** "10 sec. ago", drawn again each second and never read out by itself. */
export function Since({ at }: { readonly at: number }) {
  const phones = usePhones();
  // Counts towards a time that is always ahead, only to be drawn again.
  useLeft(at + 86_400);
  const past = Math.max(0, Math.round(phones.now() - at));
  const format = new Intl.RelativeTimeFormat(language(), { style: 'short' });
  return (
    <span class="since">
      {past < 60 ? format.format(-past, 'second') : format.format(-Math.floor(past / 60), 'minute')}
    </span>
  );
}

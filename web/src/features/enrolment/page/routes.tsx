/** What the frame shows of this feature. */
import './enrolment.css';

export { AddScreen } from './add.tsx';
export { InvitationScreen } from './invitation.tsx';
export { ScanScreen } from './scan.tsx';
export { UnfinishedScreen } from './unfinished.tsx';

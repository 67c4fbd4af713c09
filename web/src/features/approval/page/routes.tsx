/** What the frame shows of this feature. */
import './approval.css';

export { WaitingBanner } from './banner.tsx';
export { RequestScreen } from './request.tsx';
export { RequestsScreen } from './requests.tsx';

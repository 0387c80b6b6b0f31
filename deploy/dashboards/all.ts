import { agentHealth } from './agent-health.ts';
import { apis } from './apis.ts';
import type { DashboardDraft } from './dashboard.ts';
import { overview } from './overview.ts';
import { security } from './security.ts';
import { serviceMap } from './service-map.ts';

export const DASHBOARDS: readonly DashboardDraft[] = [overview, security, serviceMap, apis, agentHealth];

/** What speaks to deployed environments: the SDK's clients take their time to load, which other commands need not wait for. */
export const loadDeployed = () => import('./deployed/index.ts');

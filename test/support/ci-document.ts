/** docs/CI.md: its text and the jobs in it. */
import { blocksOf, documentText, noYaml, yamlOf } from './documents.ts';

export const ciText = documentText('docs/CI.md');

/** A workflow of GitHub's. */
export interface Workflow {
  name: string;
  on: unknown;
  env: Record<string, string>;
  jobs: Record<string, { 'runs-on': unknown; steps: { uses?: string; run?: string }[] }>;
}

interface GitLabJob {
  variables: Record<string, string>;
  before_script: string[];
  script: string[];
  after_script: string[];
  artifacts: { reports: Record<string, string> };
}

interface CiJobs {
  own: Workflow;
  hosted: Workflow;
  gitlab: GitLabJob;
}

/** The document's jobs: there are these three and no others. @throws where noYaml has a reason */
export function ciJobs(): CiJobs {
  if (noYaml) throw new Error(noYaml);
  const [own, hosted, gitlab, ...others] = yamlOf(blocksOf(ciText, 'yaml'));
  const job = (gitlab as Record<string, GitLabJob> | undefined)?.['storage-gate'];
  if (job === undefined || others.length > 0) throw new Error('docs/CI.md has other jobs');
  return { own: own as Workflow, hosted: hosted as Workflow, gitlab: job };
}

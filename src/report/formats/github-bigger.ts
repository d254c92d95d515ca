/** github-action-benchmark's tool customBiggerIsBetter. */
import { githubFormat } from './github-benchmark.ts';

export default githubFormat('higher');

/** github-action-benchmark's tool customSmallerIsBetter. */
import { githubFormat } from './github-benchmark.ts';

export default githubFormat('lower');

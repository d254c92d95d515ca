/** What the text of metrics is made of: families of samples that their labels tell apart. */

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** Behind the family's name: info metrics have one. */
  suffix?: string;
  labels: Labels;
  value: number;
}

export interface Family {
  name: string;
  type: 'gauge' | 'info' | 'stateset';
  /** Must be the end of the name. */
  unit?: string;
  help: string;
  samples: Sample[];
}

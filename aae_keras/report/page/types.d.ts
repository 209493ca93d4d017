// What Python writes: the records of aae_keras/report/contents.py, by the same names.

export interface Array {
  dtype: "float32" | "float16" | "int8" | "int16" | "int32" | "uint8";
  shape: number[];
  data: string;
}

export interface Sprite {
  source: string;
  count: number;
  columns: number;
  width: number;
  height: number;
}

export interface Score {
  name: string;
  title: string;
  text: string;
  interval: string;
  test: string;
  meaning: string;
  verdict: string;
  mark: "good" | "fair" | "poor" | "";
}

export interface Bin {
  count: number;
  confidence: number;
  accuracy: number;
  low: number;
  high: number;
}

export interface Headline {
  title: string;
  facts: [string, string][];
  scores: Score[];
  calibration: Bin[];
  notes: string[];
}

export interface Images {
  sprite: Sprite;
  names: string[];
  labels: Array;
  predicted: Array | null;
  confidence: Array | null;
  right: Array | null;
  novelty: Array | null;
  neighbours: Array;
  suspects: Array;
}

export interface Layout {
  name: string;
  note: string;
  points: Array;
  heads: Array | null;
}

export interface Codes {
  y: Array | null;
  z: Array;
  heads: Array | null;
  prior: Array | null;
  stddev: number | null;
}

export interface Categories {
  kind: "class" | "cluster" | "given" | "none";
  classes: string[];
  names: string[];
  class_of: number[];
  modes: Sprite | null;
  typical: Array;
}

export interface Weight {
  values: Array;
  scale: Array | null;
}

export interface Node {
  kind:
    | "input"
    | "same"
    | "dense"
    | "affine"
    | "concatenate"
    | "convolution"
    | "transposed"
    | "cropping";
  name: string;
  inputs: number[];
  shape: number[];
  relu: boolean;
  stride: [number, number];
  weights: Record<string, Weight>;
}

export interface Network {
  nodes: Node[];
  output: number;
}

export interface Networks {
  decoder: Network | null;
  encoder: Network | null;
  decoder_note: string;
  encoder_note: string;
}

export interface Sketch {
  background: number;
  ink: number;
  stroke: number;
  extent: number;
  by_mass: boolean;
  centre: [number, number];
}

export interface Line {
  label: string;
  epochs: number[];
  values: number[];
}

export interface Reference {
  label: string;
  value: number;
}

export interface Chart {
  title: string;
  unit: string;
  lines: Line[];
  references: Reference[];
  aid: string;
}

export interface Report {
  headline: Headline;
  image_shape: [number, number, number];
  images: Images | null;
  codes: Codes | null;
  layouts: Layout[];
  categories: Categories;
  networks: Networks;
  sketch: Sketch | null;
  sketch_note: string;
  charts: Chart[];
  stages: number[];
  colours: string[];
  no_label: string;
}

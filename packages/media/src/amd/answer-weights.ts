/** Weights of the answer model, fitted by `npm run amd:train` to the train part of the open set. Do not edit by hand. */
import type { AnswerModel } from './answer-model.ts';

export const answerWeights: AnswerModel = {
  bias: 0.604,
  measures: [
    {
      measure: 'speech',
      edges: [0.459, 0.519, 0.619, 0.679, 0.799, 1.019, 1.379, 1.799, 2.159, 3.479, 3.939, 4.519],
      scores: [2.227, 1.968, 1.3, 1.132, 0.954, 0.695, -0.279, -1.906, -2.378, -2.53, -2.795, -3.718, -5.405],
    },
    {
      measure: 'lastUtterance',
      edges: [0.339, 0.579, 0.659, 0.919],
      scores: [0.439, 0.111, -0.12, -0.317, -0.449],
    },
    {
      measure: 'firstUtterance',
      edges: [0.339, 0.379, 1.819],
      scores: [0.136, 0.087, 0.003, -0.634],
    },
    {
      measure: 'silence',
      edges: [
        0.159, 0.179, 0.199, 0.279, 0.319, 0.359, 0.399, 0.439, 0.479, 0.519, 0.579, 0.639, 0.699, 0.759,
        0.819, 0.899, 0.959, 1.039, 1.099, 1.179, 1.259,
      ],
      scores: [
        -1.577, -1.36, -1.332, -1.086, -0.89, -0.669, -0.463, -0.31, -0.127, -0.036, 0.189, 0.462, 0.632,
        0.828, 0.959, 1.257, 1.457, 1.532, 1.64, 1.771, 1.91, 1.965,
      ],
    },
    {
      measure: 'silenceAfterSyllable',
      edges: [0.379, 0.619, 0.879, 1.139],
      scores: [-0.049, 0.228, 0.917, 1.18, 1.644],
    },
    {
      measure: 'silenceAfterWord',
      edges: [0.359, 0.559],
      scores: [-0.077, 0.464, 1.506],
    },
    {
      measure: 'silenceAfterPhrase',
      edges: [0.219, 0.459, 0.759],
      scores: [-0.089, -0.032, 0.488, 1.137],
    },
    {
      measure: 'silenceAfterSentence',
      edges: [0.159],
      scores: [-0.015, 0.034],
    },
    {
      measure: 'syllables',
      edges: [6.999],
      scores: [0.044, -0.392],
    },
    {
      measure: 'utterances',
      edges: [1.999, 2.999],
      scores: [0.195, -0.289, -0.35],
    },
    {
      measure: 'longestPause',
      edges: [0.759, 1.799, 2.739],
      scores: [-0.482, 1.073, 4.935, 7.222],
    },
  ],
};

/** Weights of the answer model, fitted by `npm run amd:train` to the train part of the open set. Do not edit by hand. */
import type { AnswerModel } from './answer-model.ts';

export const answerWeights: AnswerModel = {
  bias: 0.54,
  measures: [
    {
      measure: 'speech',
      edges: [0.479, 0.899, 1.039, 1.219, 1.439, 1.759, 3.999, 4.579],
      scores: [1.422, 1.099, 0.836, 0.656, 0.24, -0.884, -1.553, -1.749, -2.968],
    },
    {
      measure: 'lastUtterance',
      edges: [0.379, 0.519],
      scores: [0.128, 0.001, -0.052],
    },
    {
      measure: 'firstUtterance',
      edges: [0.519, 1.219, 1.539, 1.879, 2.179],
      scores: [0.362, 0.078, -0.141, -0.643, -1.342, -1.438],
    },
    {
      measure: 'silence',
      edges: [0.159, 0.179, 0.199, 0.279, 0.319, 0.359, 0.379, 0.419, 0.479, 0.519, 0.579, 0.639],
      scores: [
        -0.639, -0.543, -0.416, -0.371, -0.276, -0.211, -0.163, -0.104, 0.066, 0.174, 0.276, 0.551, 0.557,
      ],
    },
    {
      measure: 'unexpectedSilence',
      edges: [
        -0.111, -0.056, -0.006, 0.044, 0.104, 0.169, 0.234, 0.304, 0.379, 0.454, 0.534, 0.619, 0.709, 0.799,
        0.899, 1.009,
      ],
      scores: [
        -0.814, -0.632, -0.53, -0.253, -0.015, 0.124, 0.337, 0.515, 0.683, 0.824, 0.986, 1.284, 1.69, 2.479,
        3.082, 3.843, 4.472,
      ],
    },
    {
      measure: 'syllables',
      edges: [5.999, 8.999],
      scores: [0.094, -0.211, -0.585],
    },
    {
      measure: 'utterances',
      edges: [1.999],
      scores: [0.177, -0.186],
    },
    {
      measure: 'longestPause',
      edges: [1.539, 2.579],
      scores: [-0.38, 4.421, 7.547],
    },
  ],
};

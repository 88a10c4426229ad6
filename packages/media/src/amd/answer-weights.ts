/** Weights of the answer model, fitted by `npm run amd:train` to the train part of the open set. Do not edit by hand. */
import type { AnswerModel } from './answer-model.ts';

export const answerWeights: AnswerModel = {
  bias: 0.613,
  measures: [
    {
      measure: 'speech',
      edges: [0.459, 0.519, 0.619, 0.739, 0.839, 1.059, 1.379, 1.759, 3.439, 3.939],
      scores: [2.106, 1.88, 1.305, 1.148, 1.015, 0.606, -0.175, -1.546, -2.48, -2.628, -5.963],
    },
    {
      measure: 'lastUtterance',
      edges: [0.399, 0.439, 0.599, 0.919],
      scores: [0.245, 0.139, 0.084, -0.106, -0.333],
    },
    {
      measure: 'firstUtterance',
      edges: [0.959, 1.379, 1.759],
      scores: [0.191, -0.007, -0.626, -2.148],
    },
    {
      measure: 'silence',
      edges: [
        0.159, 0.179, 0.199, 0.279, 0.319, 0.359, 0.399, 0.439, 0.479, 0.519, 0.579, 0.639, 0.699, 0.759,
        0.819, 0.899, 0.959, 1.039, 1.099, 1.179, 1.259,
      ],
      scores: [
        -1.506, -1.34, -1.27, -1.074, -0.881, -0.66, -0.493, -0.328, -0.207, 0.026, 0.251, 0.452, 0.66, 0.881,
        1.035, 1.316, 1.486, 1.554, 1.663, 1.757, 1.876, 1.892,
      ],
    },
    {
      measure: 'silenceAfterSyllable',
      edges: [0.339, 0.679, 1.039],
      scores: [-0.033, -0.006, 0.729, 1.764],
    },
    {
      measure: 'silenceAfterWord',
      edges: [0.239, 0.419, 0.619],
      scores: [-0.149, 0.213, 1.04, 3.288],
    },
    {
      measure: 'silenceAfterPhrase',
      edges: [0.199, 0.379, 0.619, 0.879],
      scores: [-0.092, -0.064, 0.308, 0.63, 0.983],
    },
    {
      measure: 'silenceAfterSentence',
      edges: [0.159],
      scores: [-0.003, 0.008],
    },
    {
      measure: 'syllables',
      edges: [],
      scores: [0],
    },
    {
      measure: 'utterances',
      edges: [1.999, 2.999],
      scores: [0.2, -0.226, -0.502],
    },
    {
      measure: 'longestPause',
      edges: [0.739, 1.779, 2.719],
      scores: [-0.474, 0.74, 5.181, 6.891],
    },
  ],
};

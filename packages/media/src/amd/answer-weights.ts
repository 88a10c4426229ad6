/** Weights of the answer model, fitted by `npm run amd:train` to the train part of the open set. Do not edit by hand. */
import type { AnswerModel } from './answer-model.ts';

export const answerWeights: AnswerModel = {
  "bias": 0.158,
  "measures": [
    {
      "measure": "speech",
      "edges": [
        0.479,
        0.659,
        0.759,
        0.899,
        1.059,
        1.239,
        1.439,
        1.679,
        1.899,
        2.639,
        3.739,
        4.059,
        4.419
      ],
      "scores": [
        1.075,
        0.965,
        0.857,
        0.773,
        0.475,
        0.213,
        -0.19,
        -0.746,
        -0.956,
        -1.277,
        -1.357,
        -1.746,
        -1.977,
        -2.752
      ]
    },
    {
      "measure": "lastUtterance",
      "edges": [],
      "scores": [
        0
      ]
    },
    {
      "measure": "firstUtterance",
      "edges": [
        0.379,
        0.439,
        0.479,
        0.539,
        1.279,
        1.479,
        1.899
      ],
      "scores": [
        0.214,
        0.192,
        0.148,
        0.072,
        0.068,
        -0.188,
        -0.595,
        -1.031
      ]
    },
    {
      "measure": "silence",
      "edges": [
        0.019,
        0.039,
        0.079,
        0.119,
        0.159,
        0.299,
        0.399
      ],
      "scores": [
        -0.26,
        -0.112,
        -0.073,
        0.105,
        0.224,
        0.393,
        0.416,
        0.444
      ]
    },
    {
      "measure": "unexpectedSilence",
      "edges": [
        -0.391,
        -0.286,
        -0.236,
        -0.201,
        -0.086,
        0.044,
        0.204,
        0.404,
        0.634
      ],
      "scores": [
        -0.973,
        -0.871,
        -0.523,
        -0.099,
        0.14,
        0.547,
        1.005,
        1.537,
        2.688,
        3.553
      ]
    },
    {
      "measure": "syllables",
      "edges": [
        1.999,
        2.999,
        3.999,
        5.999,
        8.999
      ],
      "scores": [
        0.25,
        0.128,
        0.082,
        -0.297,
        -0.717,
        -0.79
      ]
    },
    {
      "measure": "utterances",
      "edges": [
        1.999,
        2.999
      ],
      "scores": [
        0.088,
        -0.119,
        -0.156
      ]
    },
    {
      "measure": "longestPause",
      "edges": [
        1.539,
        2.559
      ],
      "scores": [
        -0.39,
        4.243,
        5.435
      ]
    }
  ]
};

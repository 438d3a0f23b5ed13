// SPDX-License-Identifier: MIT
#pragma once

/// The list of verbs. One function or class a verb, each in its own file; the CLI and HTTP call nothing below.

#include <mien/service/calibrate.hpp>       // calibrate
#include <mien/service/cluster.hpp>         // cluster
#include <mien/service/doctor.hpp>          // examine
#include <mien/service/evaluate.hpp>        // evaluate
#include <mien/service/gallery_review.hpp>  // review_gallery
#include <mien/service/predict.hpp>         // Predictor
#include <mien/service/stats.hpp>           // stats
#include <mien/service/train.hpp>           // train

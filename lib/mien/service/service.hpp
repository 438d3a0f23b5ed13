// SPDX-License-Identifier: MIT
#pragma once

/// The list of verbs. One function or class a verb, each in its own file; the CLI and HTTP call nothing below.

#include <mien/service/calibrate.hpp>       // calibrate
#include <mien/service/cluster.hpp>         // cluster
#include <mien/service/confirm.hpp>         // Confirmer
#include <mien/service/doctor.hpp>          // examine
#include <mien/service/enroll.hpp>          // enroll
#include <mien/service/evaluate.hpp>        // evaluate
#include <mien/service/export.hpp>          // export_records
#include <mien/service/fit.hpp>             // fit
#include <mien/service/forget.hpp>          // forget
#include <mien/service/fsck.hpp>            // fsck
#include <mien/service/gallery_review.hpp>  // review_gallery
#include <mien/service/history.hpp>         // log, undo, restore, compact
#include <mien/service/import.hpp>          // import_records
#include <mien/service/merge.hpp>           // merge_stores
#include <mien/service/pending.hpp>         // pending, remember, expire
#include <mien/service/people.hpp>          // list_people, show_person, rename, move
#include <mien/service/predict.hpp>         // Predictor
#include <mien/service/reencode.hpp>        // reencode
#include <mien/service/reset.hpp>           // reset
#include <mien/service/stats.hpp>           // stats
#include <mien/service/train.hpp>           // train
#include <mien/service/verify.hpp>          // verify, compare

// SPDX-License-Identifier: MIT
#include <mien/service/fsck.hpp>

namespace mien::service {

gallery::FsckReport fsck(const FsckOptions& options) {
    return options.repair ? gallery::repair_store(options.store, {"fsck", options.wait_seconds, {}})
                          : gallery::check_store(options.store);
}

Json to_json(const gallery::FsckReport& report) {
    Json findings = Json::array();
    for (const auto& finding : report.findings) {
        findings.push_back({{"file", finding.file.native()},
                            {"state", finding.kind == gallery::FsckKind::good   ? "ok"
                                      : finding.kind == gallery::FsckKind::note ? "note"
                                                                                : "damaged"},
                            {"detail", finding.what}});
    }
    Json json{{"whole", report.is_whole() || report.repaired},
              {"findings", std::move(findings)},
              {"encodings", report.records},
              {"change", report.last_change},
              {"repaired", report.repaired}};
    if (report.repaired) {
        json["dropped_encodings"] = report.dropped_records;
        json["dropped_changes"] = report.dropped_changes;
        json["kept"] = Json::array();
        for (const auto& file : report.kept) {
            json["kept"].push_back(file.native());
        }
    }
    return json;
}

}  // namespace mien::service

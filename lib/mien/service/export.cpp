// SPDX-License-Identifier: MIT
#include <mien/service/export.hpp>

#include <mien/core/file.hpp>
#include <mien/core/interrupt.hpp>
#include <mien/core/user_file.hpp>
#include <mien/gallery/file_store.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mien::service {

ExportSummary export_records(const ExportOptions& options) {
    const auto store = gallery::load_store(options.store);
    std::vector<std::size_t> rows;
    rows.reserve(store->size());
    for (std::size_t row = 0; row < store->rows(); ++row) {
        if (!store->is_vacant(row)) {
            rows.push_back(row);
        }
    }
    const exchange::Contents contents{store->description(),
                                      rows.size(),
                                      [&](std::size_t i) {
                                          throw_if_interrupted();
                                          return store->record(rows[i]);
                                      },
                                      store->skipped(),
                                      store->denials(),
                                      &store->extras()};
    std::optional<OutputFile> file;
    if (!options.output.empty()) {
        file.emplace(options.output);
    }
    // Records come in small pieces, files and pipes like large ones.
    constexpr std::size_t k_block = std::size_t{1} << 20U;
    std::string block;
    const auto flush = [&] {
        if (file) {
            file->write(std::as_bytes(std::span(block)));
        } else {
            options.write(block);
        }
        block.clear();
    };
    exchange::write(contents, options.format, [&](std::string_view piece) {
        block += piece;
        if (block.size() >= k_block) {
            flush();
        }
    });
    flush();
    if (file) {
        file->commit();
    }
    const auto denials = options.format == exchange::Format::jsonl ? store->denials().size() : 0;
    return {options.store, options.output, options.format, store->people(), store->size(), denials};
}

Json to_json(const ExportSummary& summary) {
    return {{"summary",
             {{"store", summary.store.native()},
              {"output", summary.output.native()},
              {"format", to_string(summary.format)},
              {"people", summary.people},
              {"encodings", summary.encodings},
              {"denials", summary.denials}}}};
}

}  // namespace mien::service

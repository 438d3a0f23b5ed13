// SPDX-License-Identifier: MIT
#include <mien/gallery/columns.hpp>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>

namespace mien::gallery {
namespace {

constexpr std::size_t k_alignment = 64;  // a cache line, and the widest vector

}  // namespace

void OwnedColumns::sort_by_photo() {
    by_photo.resize(persons.size());
    std::iota(by_photo.begin(), by_photo.end(), 0U);
    std::sort(by_photo.begin(), by_photo.end(), [this](std::uint32_t a, std::uint32_t b) {
        return photo_hashes[a] != photo_hashes[b] ? photo_hashes[a] < photo_hashes[b] : a < b;
    });
}

std::shared_ptr<const Columns> OwnedColumns::share(OwnedColumns columns) {
    const auto own = std::make_shared<const OwnedColumns>(std::move(columns));
    const auto shared = std::make_shared<Columns>();
    shared->people = own->people.view();
    shared->persons = own->persons;
    shared->photos = own->photos.view();
    shared->photo_hashes = own->photo_hashes;
    shared->boxes = own->boxes;
    shared->scores = own->scores;
    shared->qualities = own->qualities;
    shared->origins = own->origins;
    shared->times = own->times;
    shared->encodings = own->encodings;
    shared->by_photo = own->by_photo;
    shared->keep = own;
    return shared;
}

Tail::Tail(std::size_t room, std::size_t numbers)
    : capacity(room),
      dim(numbers),
      rows(std::make_unique<TailRow[]>(room)),
      // Not cleared: pages that no row has reached cost nothing.
      encodings(static_cast<float*>(::operator new (room* numbers * sizeof(float), std::align_val_t{k_alignment}))),
      m_mask(std::bit_ceil(2 * room) - 1),
      m_index(std::make_unique<std::atomic<std::uint32_t>[]>(m_mask + 1)) {}

void Tail::Free::operator()(float* block) const { ::operator delete (block, std::align_val_t{k_alignment}); }

bool Tail::claim(std::size_t at) {
    return at < capacity && m_used.compare_exchange_strong(at, at + 1, std::memory_order_acq_rel);
}

void Tail::put(std::size_t at, TailRow row, std::span<const float> encoding) {
    std::size_t slot = Sha256Hash{}(row.photo_hash) & m_mask;
    rows[at] = std::move(row);
    std::memcpy(encodings.get() + at * dim, encoding.data(), dim * sizeof(float));
    while (m_index[slot].load(std::memory_order_relaxed) != 0) {
        slot = (slot + 1) & m_mask;
    }
    m_index[slot].store(static_cast<std::uint32_t>(at + 1), std::memory_order_release);
}

void Tail::visit_photo(const Sha256& photo_hash, std::size_t visible,
                       const std::function<void(std::size_t at)>& visit) const {
    for (std::size_t slot = Sha256Hash{}(photo_hash)&m_mask;; slot = (slot + 1) & m_mask) {
        const auto entry = m_index[slot].load(std::memory_order_acquire);
        if (entry == 0) {
            return;
        }
        // Rows beyond the visible ones may be in the making.
        if (entry <= visible && rows[entry - 1].photo_hash == photo_hash) {
            visit(entry - 1);
        }
    }
}

}  // namespace mien::gallery

// SPDX-License-Identifier: MIT
#include <mien/match/pca.hpp>

#include <mien/core/error.hpp>

#include <cblas.h>

#include <algorithm>
#include <cmath>

// LAPACK's own name; OpenBLAS brings it, and the C wrapper would be one more library.
extern "C" void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
                        double* work, const int* lwork, int* iwork, const int* liwork, int* info, std::size_t jobz_size,
                        std::size_t uplo_size);

namespace mien::match {
namespace {

/// OpenBLAS sums in another order for another number of threads; here the bits are to be the same for all.
class OneBlasThread {
public:
    OneBlasThread() : m_before(openblas_get_num_threads()) { openblas_set_num_threads(1); }
    ~OneBlasThread() { openblas_set_num_threads(m_before); }
    OneBlasThread(const OneBlasThread&) = delete;
    OneBlasThread& operator=(const OneBlasThread&) = delete;

private:
    int m_before;
};

struct Eigen {
    std::vector<double> values;   ///< ascending
    std::vector<double> vectors;  ///< n × n, a vector after the other
};

/// a: n × n, symmetric, of which one triangle is read.
Eigen eigen(std::vector<double> a, int n) {
    Eigen found{std::vector<double>(static_cast<std::size_t>(n)), std::move(a)};
    double work_size{};
    int iwork_size{};
    int info{};
    const int ask = -1;
    // The lower triangle of our rows is the upper one of LAPACK's columns.
    dsyevd_("V", "U", &n, found.vectors.data(), &n, found.values.data(), &work_size, &ask, &iwork_size, &ask, &info, 1,
            1);
    const int lwork = static_cast<int>(work_size);
    std::vector<double> work(static_cast<std::size_t>(lwork));
    std::vector<int> iwork(static_cast<std::size_t>(iwork_size));
    dsyevd_("V", "U", &n, found.vectors.data(), &n, found.values.data(), work.data(), &lwork, iwork.data(), &iwork_size,
            &info, 1, 1);
    if (info != 0) {
        throw Error(ErrorCode::runtime,
                    "the encodings' main directions could not be found (LAPACK says " + std::to_string(info) + ")");
    }
    return found;
}

}  // namespace

std::vector<float> Pca::project(std::span<const float> points) const {
    const std::size_t dim = mean.size();
    const std::size_t n = points.size() / dim;
    std::vector<float> projected(n * count());
    // Row by row, each in the same way, so that a point's numbers do not depend on its company.
    std::vector<double> centred(dim);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < dim; ++j) {
            centred[j] = static_cast<double>(points[i * dim + j]) - mean[j];
        }
        for (std::size_t c = 0; c < count(); ++c) {
            projected[i * count() + c] = static_cast<float>(
                cblas_ddot(static_cast<int>(dim), components.data() + c * dim, 1, centred.data(), 1));
        }
    }
    return projected;
}

Pca fit_pca(std::span<const float> points, std::size_t dim, double share) {
    const OneBlasThread one_thread;
    const std::size_t n = points.size() / dim;
    Pca pca;
    pca.mean.resize(dim);
    for (std::size_t i = 0; i < points.size(); ++i) {
        pca.mean[i % dim] += static_cast<double>(points[i]);
    }
    for (double& value : pca.mean) {
        value /= static_cast<double>(n);
    }
    std::vector<double> centred(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        centred[i] = static_cast<double>(points[i]) - pca.mean[i % dim];
    }
    // The smaller of X'X and XX': both have the same eigenvalues, and each other's vectors.
    const bool wide = n < dim;
    const int size = static_cast<int>(std::min(n, dim));
    std::vector<double> products(static_cast<std::size_t>(size) * static_cast<std::size_t>(size));
    cblas_dsyrk(CblasRowMajor, CblasLower, wide ? CblasNoTrans : CblasTrans, size, static_cast<int>(std::max(n, dim)),
                1.0, centred.data(), static_cast<int>(dim), 0.0, products.data(), size);
    const auto found = eigen(std::move(products), size);

    double whole = 0;
    for (const double value : found.values) {
        whole += std::max(value, 0.0);
    }
    double kept = 0;
    for (int i = size - 1; i >= 0 && whole > 0 && kept / whole <= share; --i) {
        const auto index = static_cast<std::size_t>(i);
        const double value = found.values[index];
        if (value <= 0) {
            break;
        }
        kept += value;
        const double* vector = found.vectors.data() + index * static_cast<std::size_t>(size);
        std::vector<double> component(vector, vector + size);
        if (wide) {
            component.assign(dim, 0.0);
            cblas_dgemv(CblasRowMajor, CblasTrans, size, static_cast<int>(dim), 1 / std::sqrt(value), centred.data(),
                        static_cast<int>(dim), vector, 1, 0.0, component.data(), 1);
        }
        pca.components.insert(pca.components.end(), component.begin(), component.end());
    }
    pca.variance = whole > 0 ? kept / whole : 1;
    return pca;
}

}  // namespace mien::match

# SPDX-License-Identifier: MIT
# Every library that mien is built from, with its reason. All come from Debian 12's packages; this is the only place
# that looks for them. scripts/packages lists the packages.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# Pixels, resizing, and the networks in ONNX form. imgcodecs pulls in 140 shared libraries (64 ms at start), so only
# one module that is loaded on demand links it (lib/mien/image).
find_package(OpenCV 4.6 REQUIRED COMPONENTS core imgproc dnn imgcodecs)
# HOG and mmod detectors, shape predictors, and the networks in dlib form.
find_package(dlib 19.24 REQUIRED)
# The BLAS under dlib; linked by name so that its threads can be set (workers run one BLAS thread each).
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET openblas)
# JPEG: header in microseconds, scaled decoding, and it says when a file is cut short (OpenCV does not).
pkg_check_modules(turbojpeg REQUIRED IMPORTED_TARGET libturbojpeg)
# Support vector machines: the solver and the coupling of probabilities.
find_library(LIBSVM_LIBRARY svm REQUIRED)
find_path(LIBSVM_INCLUDE_DIR libsvm/svm.h REQUIRED)
# The store's records.
find_package(cereal REQUIRED)
# The command line.
find_package(CLI11 REQUIRED)
# The conversation on stderr.
find_package(spdlog REQUIRED)
# Answers in JSON, model cards.
find_package(nlohmann_json REQUIRED)
# The server: photos in JSON, at memory speed.
find_package(simdjson REQUIRED)
# SHA-256 of photos and weights, with the processor's instructions for it; TLS, base64 and the server's keys.
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
# Checksums against accidents, at memory speed.
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
# Labels in Unicode's composed form (NFC).
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
# The zip archive around numpy's arrays (.npz). By name and not by its CMake files, which want its programs as well.
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)
# dlib publishes its models packed.
find_package(BZip2 REQUIRED)
# `mien models fetch`. Headers only: the library (7 ms at start) is loaded when something is really fetched.
find_package(CURL REQUIRED)
# Editing and completion where the review asks for a name. BSD; readline does the same under the GPL, which would bind
# everybody who passes mien on.
pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)
# The server: Asio's sockets and Beast's parser, headers only. Idle and slow clients hold no thread, which those of
# cpp-httplib and Poco do. Debian's default version, because the packages of 1.81 cannot lie beside what others need.
find_package(Boost 1.74 REQUIRED)
# Signatures of JSON Web Tokens, headers only; what it leaves open is closed in lib/mien/http/jwt.cpp.
find_package(cpp-jwt REQUIRED)
# Counters and histograms in Prometheus' form; its core only, /metrics is served by our own server.
pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)
# The server's mien.toml.
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
# Man pages from text that reads like one.
find_program(SCDOC_PROGRAM scdoc REQUIRED)

if(MIEN_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

# Swagger UI for GET /docs: npm's package, unpacked by scripts/install-packages npm; optional.
find_path(MIEN_SWAGGER_UI swagger-ui-bundle.js PATHS ${PROJECT_SOURCE_DIR}/third_party/swagger-ui-dist NO_DEFAULT_PATH)
# What mien's search is measured against.
if(MIEN_BUILD_BENCH)
  find_package(OpenMP REQUIRED)
  find_library(FAISS_LIBRARY faiss REQUIRED)
  find_path(HNSWLIB_INCLUDE_DIR hnswlib/hnswlib.h REQUIRED)
endif()

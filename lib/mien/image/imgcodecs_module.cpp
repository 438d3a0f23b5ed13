// SPDX-License-Identifier: MIT
// The only code that links OpenCV's imgcodecs. codecs.cpp loads it.
#include <mien/image/codecs.hpp>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include <climits>
#include <iostream>
#include <new>
#include <streambuf>

namespace {

thread_local bool t_quiet = false;

/// Stands between std::cerr and its target, since cv::imdecode writes its reasons there whatever its log level is.
class QuietBuffer : public std::streambuf {
public:
    explicit QuietBuffer(std::streambuf* target) : m_target(target) {}

protected:
    int_type overflow(int_type c) override {
        return t_quiet || traits_type::eq_int_type(c, traits_type::eof())
                   ? traits_type::not_eof(c)
                   : m_target->sputc(traits_type::to_char_type(c));
    }
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        return t_quiet ? size : m_target->sputn(text, size);
    }
    int sync() override { return m_target->pubsync(); }

private:
    std::streambuf* m_target;
};

/// What OpenCV would say on stderr comes to the user as the photo's reason instead.
[[maybe_unused]] const bool k_silenced = [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    std::cerr.rdbuf(new QuietBuffer(std::cerr.rdbuf()));  // never freed: std::cerr outlives us
    return true;
}();

/// cv::imdecode and cv::imencode with every exception as a reason.
template <typename Work>
bool guarded(std::string& reason, Work work) noexcept {
    struct Quiet {
        Quiet() { t_quiet = true; }
        ~Quiet() { t_quiet = false; }
    } const quiet;
    try {
        if (work()) {
            return true;
        }
        if (reason.empty()) {
            reason = "the file is damaged";
        }
    } catch (const cv::Exception& error) {
        reason = error.code == cv::Error::StsNoMem ? "not enough memory" : error.err;
    } catch (const std::bad_alloc&) {
        reason = "not enough memory";
    } catch (const std::exception& error) {
        reason = error.what();
    } catch (...) {
        reason = "an unknown failure";
    }
    return false;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) bool mien_imgcodecs_decode(const unsigned char* bytes, std::size_t size,
                                                                  bool as_colour, cv::Mat& image, std::string& reason) {
    return guarded(reason, [&] {
        if (size > INT_MAX) {
            reason = "the file is too large";
            return false;
        }
        // A header over the caller's bytes; imdecode only reads them.
        const cv::Mat file(1, static_cast<int>(size), CV_8UC1, const_cast<unsigned char*>(bytes));
        image = cv::imdecode(file,
                             as_colour ? cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION : int{cv::IMREAD_UNCHANGED});
        return !image.empty();
    });
}

__attribute__((visibility("default"))) bool mien_imgcodecs_encode(const cv::Mat& image, const char* extension,
                                                                  const std::vector<int>& options,
                                                                  std::vector<unsigned char>& bytes,
                                                                  std::string& reason) {
    return guarded(reason, [&] { return cv::imencode(extension, image, bytes, options); });
}
}

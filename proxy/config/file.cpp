#include "config/file.hpp"

#include "config/text_form.hpp"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>
#include <cerrno>
#include <system_error>

namespace vestibule::config {

file_text read_file(const std::string& path, std::size_t most_bytes) {
    const auto failed = [] {
        return file_text{{}, "cannot be read: " + std::generic_category().message(errno)};
    };
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return failed();
    file_text out;
    char chunk[16 * 1024];
    while (out.error.empty()) {
        const auto n = ::read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) out = failed();  // a directory, too: EISDIR
        if (n <= 0) break;
        out.text.append(chunk, static_cast<std::size_t>(n));
        if (out.text.size() > most_bytes) out = {{}, "is larger than " + format_size(most_bytes)};
    }
    ::close(fd);
    return out;
}

}  // namespace vestibule::config

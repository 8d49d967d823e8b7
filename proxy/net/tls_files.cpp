#include <vestibule/net/tls_files.hpp>

#include <vestibule/base/crypto.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace vestibule::net {
namespace {

constexpr std::size_t most_bytes = 4 * 1024 * 1024;  // a system's authorities are a quarter of a MiB

bio_ptr over(const std::string& text) {
    return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Nobody sits at the terminal of a proxy; that a password is needed is noted.
int no_password(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

}  // namespace

file_stamp stamp_of(std::string path) {
    file_stamp out{std::move(path)};
    struct stat s {};
    if (out.path.empty() || ::stat(out.path.c_str(), &s) != 0) return out;
    out.device = s.st_dev;
    out.inode = s.st_ino;
    out.size = s.st_size;
    out.modified = std::int64_t{s.st_mtim.tv_sec} * 1'000'000'000 + s.st_mtim.tv_nsec;
    return out;
}

complaint read_whole_file(const std::string& path, std::string& out) {
    const auto failed = [] { return "cannot be read: " + std::generic_category().message(errno); };
    // A named pipe that nobody writes to must not stop the program.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return failed();
    complaint wrong;
    char chunk[16 * 1024];
    while (wrong.empty()) {
        const auto n = ::read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) wrong = failed();
        if (n <= 0) break;
        out.append(chunk, static_cast<std::size_t>(n));
        if (out.size() > most_bytes) wrong = "is larger than 4 MiB";
    }
    ::close(fd);
    return wrong;
}

complaint read_certificates(const std::string& path, std::vector<x509_ptr>& out) {
    std::string text;
    if (complaint wrong = read_whole_file(path, text); !wrong.empty()) return wrong;
    const bio_ptr bio = over(text);
    bool asked = false;
    ERR_clear_error();
    while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_password, &asked)) out.emplace_back(one);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!at_end) return "holds a certificate that is damaged";
    return out.empty() ? "holds no certificate in PEM" : "";
}

complaint read_key(const std::string& path, pkey_ptr& out) {
    std::string text;
    complaint wrong = read_whole_file(path, text);
    if (wrong.empty()) {
        bool asked = false;
        out.reset(PEM_read_bio_PrivateKey(over(text).get(), nullptr, no_password, &asked));
        ERR_clear_error();
        if (!out) wrong = asked ? "holds a key that needs a password" : "holds no private key in PEM";
    }
    wipe(text);
    return wrong;
}

bool use_identity(SSL_CTX* context, const std::vector<x509_ptr>& chain, EVP_PKEY* key) {
    ERR_clear_error();
    bool good =
        SSL_CTX_use_certificate(context, chain[0].get()) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;
    for (std::size_t i = 1; i < chain.size() && good; ++i)
        good = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
    ERR_clear_error();
    return good;
}

complaint trust_authorities(SSL_CTX* context, const std::string& path) {
    std::vector<x509_ptr> authorities;
    complaint wrong = read_certificates(path, authorities);
    if (!wrong.empty()) return wrong;
    for (const auto& one : authorities) X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get());
    return {};
}

}  // namespace vestibule::net

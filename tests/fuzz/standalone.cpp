// Runs a fuzz target where libFuzzer is not: every file of the seeds, then so many inputs made from them by
// cutting, copying, joining and changing bytes. Always the same ones, so a failure can be had again.
//
//     redis_reply_fuzz RUNS DIRECTORY...
//
// An input that ends the program is found in crash-<name of the program> of the working directory.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" void __sanitizer_set_death_callback(void (*)());
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t longest = 16 * 1024;

class mutator {
  public:
    explicit mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

    std::string next() {
        std::string text = any_seed();
        for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(text);
        if (text.size() > longest) text.resize(longest);
        return text;
    }

  private:
    std::size_t below(std::size_t n) { return n == 0 ? 0 : random_() % n; }
    const std::string& any_seed() { return seeds_[below(seeds_.size())]; }

    void change(std::string& text) {
        static constexpr char telling[] = "\0\t\n\r \"%&'(),-./0123456789:;<=>?@[\\]_{}~\x7f\x80\xff";
        const std::size_t at = below(text.size() + 1);
        const std::size_t length = below(text.size() - at + 1);
        switch (below(8)) {
            case 0: text.erase(at, 1 + below(8)); break;
            case 1: text.insert(at, 1, telling[below(sizeof telling - 1)]); break;
            case 2: text.insert(at, 1, static_cast<char>(below(256))); break;
            case 3:
                if (at < text.size()) text[at] = telling[below(sizeof telling - 1)];
                break;
            case 4:
                if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
                break;
            case 5: text.insert(below(text.size() + 1), text.substr(at, length)); break;
            case 6: text.resize(at); break;
            default: {
                const std::string& other = any_seed();
                text.insert(at, other, below(other.size() + 1), std::string::npos);
            }
        }
    }

    const std::vector<std::string>& seeds_;
    std::minstd_rand random_;
};

std::string crash_file;
const std::string* running = nullptr;

void keep() {
    if (running != nullptr)
        std::ofstream(crash_file, std::ios::binary).write(running->data(), std::streamsize(running->size()));
}

void run(const std::string& input) {
    running = &input;
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
    running = nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s RUNS DIRECTORY...\n", argv[0]);
        return 2;
    }
    crash_file = "crash-" + std::filesystem::path(argv[0]).filename().string();
    __sanitizer_set_death_callback(keep);
    std::signal(SIGABRT, [](int) { keep(); });
    std::vector<std::string> seeds;
    for (int i = 2; i < argc; ++i) {
        for (const auto& file : std::filesystem::recursive_directory_iterator(argv[i])) {
            if (!file.is_regular_file()) continue;
            std::ifstream in(file.path(), std::ios::binary);
            seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
        }
    }
    if (seeds.empty()) {
        std::fprintf(stderr, "no seeds\n");
        return 2;
    }
    for (const std::string& seed : seeds) run(seed);
    mutator inputs(seeds);
    for (long runs = std::atol(argv[1]); runs > 0; --runs) run(inputs.next());
    std::printf("%zu seeds and %s inputs made from them\n", seeds.size(), argv[1]);
}

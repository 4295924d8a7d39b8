// replay_main.cpp
//
// The main of a fuzz target that is built without libFuzzer: gives every file of the folders named
// to the target, in the order of their names. Fails if there is none; a file's name is printed
// before it is tried, so that the last one printed is the one that broke.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void collect(const fs::path& path, std::vector<fs::path>& files) {
    if (!fs::is_directory(path)) {
        files.push_back(path);
        return;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
}

bool replay(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return false;
    const std::string octets((std::istreambuf_iterator<char>(stream)), {});
    std::fprintf(stderr, "%s\n", file.c_str());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    std::vector<fs::path> files;
    for (int i = 1; i < count; ++i) {
        collect(arguments[i], files);
    }
    std::sort(files.begin(), files.end());
    if (files.empty()) {
        std::fprintf(stderr, "no input: name the folders of a corpus\n");
        return 2;
    }
    for (const auto& file : files) {
        if (!replay(file)) {
            std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
            return 2;
        }
    }
    std::fprintf(stderr, "%zu inputs replayed\n", files.size());
    return 0;
}

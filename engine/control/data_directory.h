// data_directory.h
//
// The parts of a data directory, its socket, and the lock that lets one process write it:
//
//     daybook.toml  journal/  content/  views/  secrets/  keys/  tls/
//     run/          lock, ports.json, control.sock, spool/
//
// Thread: any.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

namespace daybook {

class DataDirectory {
public:
    explicit DataDirectory(std::filesystem::path path) : path_(std::move(path)) {}

    const std::filesystem::path& path() const { return path_; }

    std::filesystem::path run() const { return path_ / "run"; }

    std::filesystem::path spool() const { return run() / "spool"; }

    std::filesystem::path lockFile() const { return run() / "lock"; }

    std::filesystem::path portsFile() const { return run() / "ports.json"; }

    std::filesystem::path controlSocket() const { return run() / "control.sock"; }

    // Makes run/ and run/spool/ where they are missing.
    void makeRunFolders() const;

private:
    std::filesystem::path path_;
};

// A way to a unix socket for bind and connect, which take 107 octets only: as it is, or through its
// open folder. Valid as long as the object lives.
class SocketPath {
public:
    // Throws std::system_error.
    explicit SocketPath(const std::filesystem::path& socket);
    ~SocketPath();
    SocketPath(const SocketPath&) = delete;
    SocketPath& operator=(const SocketPath&) = delete;

    const char* c_str() const { return text_.c_str(); }

private:
    int folder_ = -1;
    std::string text_;
};

// Another process writes this directory; `pid` is what the lock file says of it.
class DirectoryLocked : public std::runtime_error {
public:
    DirectoryLocked(const std::filesystem::path& directory, int pid);

    int pid() const { return pid_; }

private:
    int pid_;
};

// Held for the life of the object; the kernel frees it if the process dies.
class WriterLock {
public:
    // Waits for it up to `patience`: a tool beside a server that starts holds it for a moment.
    // Throws DirectoryLocked, std::system_error.
    explicit WriterLock(
        const DataDirectory& directory,
        std::chrono::milliseconds patience = std::chrono::milliseconds(0));
    ~WriterLock();
    WriterLock(const WriterLock&) = delete;
    WriterLock& operator=(const WriterLock&) = delete;

private:
    int file_ = -1;
};

}  // namespace daybook

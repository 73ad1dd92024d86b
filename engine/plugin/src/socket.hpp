// TCP on loopback, never blocking, on POSIX systems and Windows. I/O thread only.
#pragma once
#include <cstdint>
#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

class Socket {
public:
    Socket() {
#ifdef _WIN32
        WSADATA data;
        WSAStartup(MAKEWORD(2, 2), &data);
#endif
    }
    ~Socket() {
        close();
#ifdef _WIN32
        WSACleanup();
#endif
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    bool is_open() const { return fd_ != NONE; }

    // Loopback answers at once: connecting does not wait for a network.
    bool connect(uint16_t port) {
        fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
        if (fd_ == NONE) return false;
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
            close();
            return false;
        }
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
#ifdef SO_NOSIGPIPE
        setsockopt(fd_, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
#ifdef _WIN32
        u_long yes = 1;
        ioctlsocket(fd_, FIONBIO, &yes);
#else
        fcntl(fd_, F_SETFD, FD_CLOEXEC);
        fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
#endif
        return true;
    }
    void close() {
        if (fd_ == NONE) return;
#ifdef _WIN32
        closesocket(fd_);
#else
        ::close(fd_);
#endif
        fd_ = NONE;
    }

    // Both return the bytes moved, 0 where it would have to wait, -1 where the line is dead.
    int send(const void* data, size_t n) {
        return answer(::send(fd_, static_cast<const char*>(data), static_cast<Length>(n), MSG_NOSIGNAL));
    }
    int receive(void* data, size_t n) {
        const auto got = ::recv(fd_, static_cast<char*>(data), static_cast<Length>(n), 0);
        return got == 0 ? -1 : answer(got);
    }
    // Waits until something comes, at most so long.
    void wait(int milliseconds) {
        pollfd p{};
        p.fd = fd_;
        p.events = POLLIN;
#ifdef _WIN32
        WSAPoll(&p, 1, milliseconds);
#else
        ::poll(&p, 1, milliseconds);
#endif
    }

private:
#ifdef _WIN32
    using Handle = SOCKET;
    using Length = int;
    static constexpr Handle NONE = INVALID_SOCKET;
    static bool must_wait() { return WSAGetLastError() == WSAEWOULDBLOCK; }
#else
    using Handle = int;
    using Length = size_t;
    static constexpr Handle NONE = -1;
    static bool must_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }
#endif
    Handle fd_ = NONE;

    template <class N>
    static int answer(N moved) {
        return moved >= 0 ? static_cast<int>(moved) : must_wait() ? 0 : -1;
    }
};

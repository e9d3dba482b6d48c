// From the values in force to the settings of a connection: each value checked, passwords looked up.
#pragma once

#include <string>

#include "conninfo/settings.hpp"
#include "conninfo/surroundings.hpp"
#include "conninfo/text.hpp"
#include "conninfo/values.hpp"

namespace tusk::client {

/// The settings, or the first value that is wrong or asks for what is not served.
conninfo_result<settings> make_settings(conninfo_values const& values, surroundings const& around);

/// The hosts of the lists host, hostaddr and port, without passwords. See hosts.cpp.
conninfo_result<std::vector<host_settings>> make_hosts(conninfo_values const& values, surroundings const& around);

/// The socket's directory, or the host, where none is given.
std::string default_host(surroundings const& around);

/// The user's home: HOME, else the operating system's word; empty if there is none.
std::string home_of(surroundings const& around);

/// An integer as strtol reads it (spaces around, a sign), which is how libpq does.
std::optional<int> read_integer(std::string_view text) noexcept;

/// The elements of a list with commas; an empty text is one empty element.
std::vector<std::string_view> split_list(std::string_view text);

/// The name of that value in one of the lists below.
template <class Choices, class Value>
constexpr std::string_view name_of(Choices const& choices, Value value) {
  for (auto const& [name, each] : choices)
    if (each == value) return name;
  return {};
}

template <class Value>
using choice = std::pair<std::string_view, Value>;

inline constexpr choice<sslmode> sslmodes[] = {
    {"disable", sslmode::disable}, {"allow", sslmode::allow},         {"prefer", sslmode::prefer},
    {"require", sslmode::require}, {"verify-ca", sslmode::verify_ca}, {"verify-full", sslmode::verify_full}};
inline constexpr choice<sslnegotiation> sslnegotiations[] = {{"postgres", sslnegotiation::postgres},
                                                             {"direct", sslnegotiation::direct}};
inline constexpr choice<sslcertmode> sslcertmodes[] = {
    {"disable", sslcertmode::disable}, {"allow", sslcertmode::allow}, {"require", sslcertmode::require}};
inline constexpr choice<bool> switches[] = {{"1", true}, {"0", false}};
inline constexpr choice<bool> load_balances[] = {{"disable", false}, {"random", true}};
inline constexpr choice<session_attributes> session_kinds[] = {{"any", session_attributes::any},
                                                               {"read-write", session_attributes::read_write},
                                                               {"read-only", session_attributes::read_only},
                                                               {"primary", session_attributes::primary},
                                                               {"standby", session_attributes::standby},
                                                               {"prefer-standby", session_attributes::prefer_standby}};
inline constexpr choice<protocol::channel_binding_rule> channel_bindings[] = {
    {"disable", protocol::channel_binding_rule::disable},
    {"prefer", protocol::channel_binding_rule::prefer},
    {"require", protocol::channel_binding_rule::require}};
inline constexpr choice<std::int32_t> protocol_versions[] = {{"3.0", protocol::protocol_version(3, 0)},
                                                             {"3.2", protocol::protocol_version(3, 2)},
                                                             {"latest", protocol::protocol_version(3, 2)}};

}  // namespace tusk::client

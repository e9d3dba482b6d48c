// From the sources of settings to one value for each keyword: options in code and the text first, then the service
// file, the environment and the defaults, each only where nothing came before.
#include "conninfo/conninfo.hpp"

#include <algorithm>

#include "conninfo/make_settings.hpp"
#include "conninfo/service_file.hpp"
#include "conninfo/uri.hpp"
#include "conninfo/values.hpp"

namespace tusk::client {
namespace {

/// The only keyword that is another way to write one: requiressl=1 is sslmode=require, requiressl=0 sslmode=prefer.
struct meaning {
  conninfo_keyword const& keyword;
  std::string value;
};
meaning meaning_of(conninfo_keyword const& keyword, std::string value) {
  if (keyword.name != "requiressl") return {keyword, std::move(value)};
  return {*find_keyword("sslmode"), value.starts_with('1') ? "require" : "prefer"};
}

/// A connection string, and what it is called in errors.
struct source_text {
  std::string_view text;
  bool in_option = false;  ///< not the connection string itself, but the option dbname, given in code

  /// The error says where it is.
  conninfo_error wrong(conninfo_error error) const {
    if (!in_option) return error;
    return {std::move(error.message) + " in the option dbname, given in code"};
  }
};

/// Collects the values, the strongest source first. The first error stays.
class gatherer {
 public:
  gatherer(surroundings const& around, conninfo_allowed const& allowed) : around_(around), allowed_(allowed) {}

  conninfo_result<settings> run(std::string_view text, std::span<conninfo_option const> options) {
    bool const good = check_allowed() && take_text({text}) && take_options(options) && take_service();
    if (!good) return std::move(error_);
    take_environment();
    return make_settings(values_, around_);
  }

 private:
  bool fail(conninfo_error error) {
    error_ = std::move(error);
    return false;
  }

  bool check_allowed() {
    if (!allowed_) return true;
    auto const unknown = std::ranges::find(*allowed_, nullptr, [](auto const& name) { return find_keyword(name); });
    if (unknown == allowed_->end()) return true;
    return fail({"allowed_keywords names an unknown keyword" + shown_word(*unknown, nullptr) + suggestion(*unknown)});
  }
  bool is_allowed(std::string_view name) const {
    return !allowed_ || std::ranges::find(*allowed_, name) != allowed_->end();
  }

  bool take_text(source_text const& from) {
    bool const is_uri = uri_prefix(from.text) != 0;
    std::size_t const start = from.text.find_first_not_of(" \t\n\v\f\r");
    if (!is_uri && start != from.text.npos && uri_prefix(from.text.substr(start)) != 0) {
      return fail(from.wrong(error_at("white space stands before the URI; remove it", 0)));
    }
    auto parsed = is_uri ? parse_uri(from.text) : parse_conninfo(from.text);
    if (auto* error = std::get_if<conninfo_error>(&parsed)) return fail(from.wrong(std::move(*error)));
    conninfo_pair const* previous = nullptr;
    for (conninfo_pair& pair : std::get<0>(parsed)) {
      conninfo_keyword const* const keyword = find_keyword(pair.keyword);
      if (keyword == nullptr) {
        std::string const what = "unknown keyword" + shown_word(pair.keyword, previous) + suggestion(pair.keyword);
        char const* const advice =
            is_uri ? "; write & and = in a value as %26 and %3D" : "; values that hold spaces need quotes";
        return fail(from.wrong(error_at(what + advice, pair.position)));
      }
      if (!take_pair(from, *keyword, pair)) return false;
      previous = &pair;
    }
    return true;
  }

  bool take_pair(source_text const& from, conninfo_keyword const& keyword, conninfo_pair const& pair) {
    auto [means, value] = meaning_of(keyword, pair.value);
    if (!is_allowed(keyword.name) && !is_allowed(means.name)) {
      return fail(
          from.wrong(error_at("the keyword \"" + std::string(keyword.name) +
                                  "\" is not allowed here: allowed_keywords does not name it; remove it, or give "
                                  "it as an option in code",
                              pair.position)));
    }
    conninfo_error const here = from.wrong(error_at({}, pair.value_position));
    values_.at(means) = {std::move(value), true, pair.doubtful, here.message, here.position};
    return true;
  }

  /// In their order; only the first dbname may be a connection string.
  bool take_options(std::span<conninfo_option const> options) {
    bool first_dbname = true;
    for (auto const& [name, value] : options) {
      conninfo_keyword const* const keyword = find_keyword(name);
      if (keyword == nullptr) {
        return fail({"unknown keyword" + shown_word(name, nullptr) + suggestion(name) + " in an option given in code"});
      }
      bool const is_text = name == "dbname" && (uri_prefix(value) != 0 || value.find('=') != value.npos);
      if (is_text && std::exchange(first_dbname, false)) {
        if (!take_text({value, true})) return false;
        continue;
      }
      if (name == "dbname") first_dbname = false;
      if (value.empty()) continue;
      auto [means, meant] = meaning_of(*keyword, value);
      values_.at(means) = {std::move(meant), true, false, " (option given in code)"};
    }
    return true;
  }

  // --- The service file -----------------------------------------------------------------------------------------

  std::string variable(char const* name) const { return around_.environment(name).value_or(""); }

  std::string home_file(char const* name) const {
    std::string const home = home_of(around_);
    return home.empty() ? home : home + '/' + name;
  }

  bool take_service() {
    conninfo_value const& given = values_.of("service");
    std::string const service = given.given ? given.text : variable("PGSERVICE");
    if (service.empty()) return true;
    if (service.find_first_of(std::string_view("\0\n]", 3)) != service.npos) {
      return fail(values_.refused("service", "is no name of a service"));
    }
    std::string const own = variable("PGSERVICEFILE");
    std::string const folder = around_.environment("PGSYSCONFDIR").value_or("/etc/postgresql-common");
    std::string looked;
    for (auto const& [path, must_exist] : {std::pair(own.empty() ? home_file(".pg_service.conf") : own, !own.empty()),
                                           std::pair(folder + "/pg_service.conf", false)}) {
      if (path.empty()) continue;
      looked += (looked.empty() ? "" : ", ") + path;
      bool found = false;
      if (!take_service_file(path, must_exist, service, found)) return false;
      if (found) return true;
    }
    std::string const where = given.given ? given.where : " (environment variable PGSERVICE)";
    return fail({"no service " + shown_value(*find_keyword("service"), service) + " is defined" + where +
                     "; looked for [" + "name] in " + looked,
                 given.position});
  }

  bool take_service_file(std::string const& path, bool must_exist, std::string_view service, bool& found) {
    using outcome = file_reading::outcome;
    file_reading const file = around_.read_file(path.c_str());
    auto const wrong = [&](std::string const& what) { return fail({"the service file \"" + path + "\" " + what}); };
    switch (file.came) {
      case outcome::read: break;
      case outcome::missing: return !must_exist || wrong("does not exist (environment variable PGSERVICEFILE)");
      case outcome::not_plain: return wrong("is not a plain file");
      case outcome::too_large: return wrong("is longer than 1 MiB");
      case outcome::failed: return wrong("cannot be read: " + file.reason);
    }
    auto const parsed = parse_service_file(file.text, service);
    if (auto const* error = std::get_if<conninfo_error>(&parsed)) return wrong("is wrong in " + error->message);
    auto const& section = std::get<0>(parsed);
    if (!section) return true;
    found = true;
    for (service_setting const& each : *section) {
      conninfo_value& value = values_.at(*find_keyword(each.keyword));
      if (value.given) continue;
      value = {std::string(each.value), true, false,
               " (service file \"" + path + "\", line " + std::to_string(each.line) + ")"};
    }
    return true;
  }

  // --- Environment and defaults -----------------------------------------------------------------------------------

  void take_environment() {
    for (conninfo_keyword const& keyword : conninfo_keywords) {
      conninfo_value& value = values_.at(keyword);
      if (value.given || keyword.environment == nullptr || keyword.name == "requiressl") continue;
      if (auto text = around_.environment(keyword.environment)) {
        value = {*std::move(text), true, false, " (environment variable " + std::string(keyword.environment) + ")",
                 not_in_text,      true};
      }
    }
    conninfo_value& mode = values_.at(*find_keyword("sslmode"));
    if (!mode.given && variable("PGREQUIRESSL").starts_with('1')) {
      mode = {"require", true, false, " (environment variable PGREQUIRESSL)"};
    }
    for (conninfo_keyword const& keyword : conninfo_keywords) {
      if (!values_.at(keyword).given) values_.at(keyword).text = keyword.default_value;
    }
  }

  surroundings const& around_;
  conninfo_allowed const& allowed_;
  conninfo_values values_;
  conninfo_error error_;
};

}  // namespace

conninfo_result<settings> resolve(std::string_view text, std::span<conninfo_option const> options,
                                  surroundings const& around, conninfo_allowed const& allowed) {
  return gatherer(around, allowed).run(text, options);
}

}  // namespace tusk::client

#include "guest-agent/plain_command.hpp"

#include <algorithm>
#include <array>

namespace hutch::guest_agent {

namespace {

/// What bash 5 runs itself: `compgen -b` and `compgen -k`, and what other shells add.
constexpr std::string_view not_programs[] = {
    "!",        ".",       ":",       "[",         "[[",       "]]",      "alias",   "bg",       "bind",
    "break",    "builtin", "caller",  "case",      "cd",       "command", "compgen", "complete", "compopt",
    "continue", "coproc",  "declare", "dirs",      "disown",   "do",      "done",    "echo",     "elif",
    "else",     "enable",  "esac",    "eval",      "exec",     "exit",    "export",  "false",    "fc",
    "fg",       "fi",      "for",     "function",  "getopts",  "hash",    "help",    "history",  "if",
    "in",       "jobs",    "kill",    "let",       "local",    "logout",  "mapfile", "popd",     "printf",
    "pushd",    "pwd",     "read",    "readarray", "readonly", "return",  "select",  "set",      "shift",
    "shopt",    "source",  "suspend", "test",      "then",     "time",    "times",   "trap",     "true",
    "type",     "typeset", "ulimit",  "umask",     "unalias",  "unset",   "until",   "wait",     "while",
    "{",        "}",
};

/// Bytes that mean themselves outside quotes. Not among them: expansions, operators, globs, quotes, `=` and
/// `~`, control characters, and everything beyond ASCII (the locale decides what is a blank).
bool is_literal(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return std::string_view("_-./:,+@%^=").find(c) != std::string_view::npos;
}

/// Inside double quotes nothing is expanded unless one of these is there ('!' only in an interactive shell,
/// but stay away).
bool is_literal_in_double_quotes(char c) {
    return std::string_view("$`\\!\"").find(c) == std::string_view::npos;
}

bool bash_changes(std::string_view entry) {
    constexpr std::string_view names[] = {
        "ENV=",  "SHELLOPTS=", "POSIXLY_CORRECT=", "PWD=",      "OLDPWD=",  "SHLVL=", "_=",
        "PS4=",  "LINES=",     "COLUMNS=",         "IFS=",      "OPTIND=",  "PPID=",  "UID=",
        "EUID=", "GROUPS=",    "HISTCMD=",         "HOSTNAME=", "DIRSTACK="};
    return entry.starts_with("BASH") ||
           std::any_of(std::begin(names), std::end(names),
                       [&](std::string_view name) { return entry.starts_with(name); });
}

}  // namespace

std::optional<std::vector<std::string>> plain_command(std::string_view command) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    bool first_word_quoted = false;
    for (std::size_t at = 0; at < command.size(); ++at) {
        const char c = command[at];
        if (c == ' ' || c == '\t') {
            if (in_word) words.push_back(std::move(word));
            word.clear();
            in_word = false;
        } else if (c == '\'' || c == '"') {
            const std::size_t end = command.find(c, at + 1);
            if (end == std::string_view::npos) return std::nullopt;
            const std::string_view quoted = command.substr(at + 1, end - at - 1);
            if (c == '"' && !std::all_of(quoted.begin(), quoted.end(), is_literal_in_double_quotes))
                return std::nullopt;
            if (quoted.find('\0') != std::string_view::npos) return std::nullopt;
            word.append(quoted);
            in_word = true;
            first_word_quoted = first_word_quoted || words.empty();
            at = end;
        } else if (is_literal(c)) {
            word += c;
            in_word = true;
        } else {
            return std::nullopt;
        }
    }
    if (in_word) words.push_back(std::move(word));
    if (words.empty() || words[0].empty() || first_word_quoted) return std::nullopt;
    if (words[0].find('=') != std::string::npos) return std::nullopt;
    // a job reference such as %1
    if (words[0].front() == '%') return std::nullopt;
    if (std::find(std::begin(not_programs), std::end(not_programs), words[0]) != std::end(not_programs))
        return std::nullopt;
    return words;
}

bool lets_bash_be_skipped(const Environment& environment) {
    return std::none_of(environment.entries().begin(), environment.entries().end(), bash_changes);
}

std::vector<std::string> candidates_for(const std::string& word, std::string_view path_variable) {
    if (word.find('/') != std::string::npos) return {word};
    std::vector<std::string> candidates;
    for (;;) {
        const std::size_t colon = std::min(path_variable.find(':'), path_variable.size());
        const std::string_view folder = path_variable.substr(0, colon);
        if (folder.empty() || folder.front() != '/') return {};
        std::string candidate(folder);
        if (candidate.back() != '/') candidate += '/';
        candidates.push_back(candidate + word);
        if (colon == path_variable.size()) return candidates;
        path_variable.remove_prefix(colon + 1);
    }
}

}  // namespace hutch::guest_agent

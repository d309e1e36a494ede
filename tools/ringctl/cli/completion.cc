#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace ringctl {

namespace {

/// What stands behind a flag, or in a position: "none", "file", "upstream", "pool", or words.
std::string kind_of(const CLI::Option& option) {
    std::string type = option.get_type_name();
    if (type == "FILE") return "file";
    if (type == "POOL/UPSTREAM") return "upstream";
    if (type == "POOL") return "pool";
    if (type.find('|') == std::string::npos) return "none";
    std::string words;
    std::ranges::replace(type, '|', ' ');
    // upper case stands for something else: "N|default"
    for (const std::string& word : CLI::detail::split(type, ' ')) {
        const bool is_word =
            std::ranges::none_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
        if (is_word) words += (words.empty() ? "" : " ") + word;
    }
    return words;
}

struct Flag {
    std::string name;  // "--json"
    std::string meaning;
    std::string kind;  // "" when it has no value
};

struct Position {
    std::string kind;
};

struct Node {
    std::string path;                                           // "", "drain", "breaker open"
    std::vector<std::pair<std::string, std::string>> commands;  // name and meaning
    std::vector<Flag> flags;
    std::vector<Position> positions;
};

void add_options(const CLI::App& app, Node& node) {
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_positional()) {
            node.positions.push_back({kind_of(*option)});
            continue;
        }
        const bool has_value = option->get_items_expected_max() > 0;
        const std::string kind = has_value ? kind_of(*option) : "";
        for (const std::string& name : option->get_snames())
            node.flags.push_back({'-' + name, option->get_description(), kind});
        for (const std::string& name : option->get_lnames())
            node.flags.push_back({"--" + name, option->get_description(), kind});
    }
}

void add_nodes(const CLI::App& root, const CLI::App& app, const std::string& path,
               std::vector<Node>& nodes) {
    Node node{.path = path};
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (!command->get_group().empty())
            node.commands.emplace_back(command->get_name(), command->get_description());
    }
    add_options(app, node);
    if (&app != &root) {
        // flags of all commands may stand behind a command; --help is each command's own
        Node all;
        add_options(root, all);
        for (const Flag& flag : all.flags) {
            const bool own =
                std::ranges::find(node.flags, flag.name, &Flag::name) != node.flags.end();
            if (!own && flag.name != "-V" && flag.name != "--version") node.flags.push_back(flag);
        }
    }
    nodes.push_back(node);
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (command->get_group().empty()) continue;
        add_nodes(root, *command,
                  path.empty() ? command->get_name() : path + ' ' + command->get_name(), nodes);
    }
}

std::vector<Node> nodes_of(const CLI::App& app) {
    std::vector<Node> nodes;
    add_nodes(app, app, "", nodes);
    return nodes;
}

/// Between single quotes of any of the shells.
std::string quoted(const std::string& text, std::string_view apostrophe) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += apostrophe;
        } else {
            out += c;
        }
    }
    return out + '\'';
}
std::string sh_quoted(const std::string& text) { return quoted(text, R"('\'')"); }
std::string fish_quoted(const std::string& text) { return quoted(text, R"(\')"); }

/// "'--admin=none' '--color=auto always never'": the flags that have a value.
std::string valued_flags(const Node& node) {
    std::string out;
    for (const Flag& flag : node.flags) {
        if (!flag.kind.empty())
            out += (out.empty() ? "" : " ") + sh_quoted(flag.name + '=' + flag.kind);
    }
    return out;
}

std::string positions_of(const Node& node) {
    std::string out;
    for (const Position& position : node.positions)
        out += (out.empty() ? "" : " ") + sh_quoted(position.kind);
    return out;
}

constexpr std::string_view kBashHead =
    R"sh(# bash completion for ringctl, made by `ringctl completion bash`

# Sets commands, flags, valued (flags with what stands behind them) and positions of a command.
_ringctl_tree() {
    case $1 in
)sh";

constexpr std::string_view kBashTail = R"sh(    esac
}

# Prints the words that a kind of value may be.
_ringctl_words() {
    case $1 in
        none | file) ;;
        upstream) "$2" "${given[@]}" __names upstreams 2>/dev/null ;;
        pool) "$2" "${given[@]}" __names pools 2>/dev/null ;;
        *) printf '%s\n' $1 ;;
    esac
}

_ringctl() {
    local line=${COMP_LINE:0:COMP_POINT} at="" kind="" word flag known i place=0
    local -a words=() given=() commands=() flags=() valued=() positions=()
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local count=${#words[@]}
    local cur=${words[count - 1]}
    COMPREPLY=()
    _ringctl_tree ""
    for ((i = 1; i < count - 1; i++)); do
        word=${words[i]}
        if [[ -n $kind ]]; then
            kind=""
            given+=("$flag" "$word")
        elif [[ $word == -* ]]; then
            flag=$word
            for known in "${valued[@]}"; do
                [[ ${known%%=*} == "$word" ]] && kind=${known#*=}
            done
        elif [[ " ${commands[*]} " == *" $word "* ]]; then
            at="${at:+$at }$word"
            _ringctl_tree "$at"
        else
            place=$((place + 1))
        fi
    done
    # flags that say where the server is go to the question for names
    local -a asked=()
    for ((i = 0; i + 1 < ${#given[@]}; i += 2)); do
        case ${given[i]} in
            --admin | --token-file | --config) asked+=("${given[i]}" "${given[i + 1]}") ;;
        esac
    done
    given=("${asked[@]}")
    if [[ -z $kind && $cur == -* ]]; then
        COMPREPLY=($(compgen -W "${flags[*]}" -- "$cur"))
        return
    fi
    if [[ -z $kind && ${#commands[@]} -gt 0 ]]; then
        COMPREPLY=($(compgen -W "${commands[*]}" -- "$cur"))
        return
    fi
    [[ -z $kind ]] && kind=${positions[place]:-none}
    if [[ $kind == file ]]; then
        compopt -o filenames 2>/dev/null
        local IFS=$'\n'
        COMPREPLY=($(compgen -f -- "$cur"))
        return
    fi
    # a colon or an equals sign ends a word of readline's: what stands before it is not replaced
    local before="" tail=${cur##*[:=]}
    [[ $tail != "$cur" && $COMP_WORDBREAKS == *:* ]] && before=${cur%"$tail"}
    while IFS= read -r word; do
        [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("${word#"$before"}")
    done < <(_ringctl_words "$kind" "${words[0]}")
}

complete -F _ringctl ringctl
)sh";

constexpr std::string_view kZshHead = R"sh(#compdef ringctl
# zsh completion for ringctl, made by `ringctl completion zsh`

# Sets commands, flags, valued (flags with what stands behind them) and positions of a command.
_ringctl_tree() {
    case $1 in
)sh";

constexpr std::string_view kZshTail = R"sh(    esac
}

_ringctl_value() {
    case $1 in
        none) return 1 ;;
        file) _files ;;
        upstream) compadd -- ${(f)"$(command ${(Q)words[1]} "${asked[@]}" __names upstreams 2>/dev/null)"} ;;
        pool) compadd -- ${(f)"$(command ${(Q)words[1]} "${asked[@]}" __names pools 2>/dev/null)"} ;;
        *) compadd -- ${=1} ;;
    esac
}

_ringctl() {
    local at="" kind="" word flag known i place=1
    local -a asked commands flags valued positions
    _ringctl_tree ""
    for ((i = 2; i < CURRENT; i++)); do
        word=${words[i]}
        if [[ -n $kind ]]; then
            kind=""
            case $flag in
                --admin | --token-file | --config) asked+=("$flag" "${(Q)word}") ;;
            esac
        elif [[ $word == -* ]]; then
            flag=$word
            for known in "${valued[@]}"; do
                [[ ${known%%=*} == "$word" ]] && kind=${known#*=}
            done
        elif (( ${commands[(I)$word:*]} )); then
            at="${at:+$at }$word"
            _ringctl_tree "$at"
        else
            place=$((place + 1))
        fi
    done
    if [[ -n $kind ]]; then
        _ringctl_value "$kind"
    elif [[ ${words[CURRENT]} == -* ]]; then
        _describe -o 'flag' flags
    elif (( ${#commands} )); then
        _describe 'command' commands
    else
        _ringctl_value "${positions[place]:-none}"
    fi
}

if [[ $funcstack[1] == _ringctl ]]; then
    _ringctl "$@"
else
    compdef _ringctl ringctl
fi
)sh";

/// "name:meaning", colons of the name escaped.
std::string described(const std::string& name, const std::string& meaning) {
    return sh_quoted(name + ':' + meaning);
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
    std::string out(kBashHead);
    for (const Node& node : nodes_of(app)) {
        std::string commands;
        std::string flags;
        for (const auto& [name, meaning] : node.commands)
            commands += (commands.empty() ? "" : " ") + name;
        for (const Flag& flag : node.flags) flags += (flags.empty() ? "" : " ") + flag.name;
        out += fmt::format(
            "        '{}')\n            commands=({})\n            flags=({})\n            "
            "valued=({})\n"
            "            positions=({})\n            ;;\n",
            node.path, commands, flags, valued_flags(node), positions_of(node));
    }
    return out += kBashTail;
}

std::string zsh_completion(const CLI::App& app) {
    std::string out(kZshHead);
    for (const Node& node : nodes_of(app)) {
        std::string commands;
        std::string flags;
        for (const auto& [name, meaning] : node.commands)
            commands += (commands.empty() ? "" : " ") + described(name, meaning);
        for (const Flag& flag : node.flags)
            flags += (flags.empty() ? "" : " ") + described(flag.name, flag.meaning);
        out += fmt::format(
            "        '{}')\n            commands=({})\n            flags=({})\n            "
            "valued=({})\n"
            "            positions=({})\n            ;;\n",
            node.path, commands, flags, valued_flags(node), positions_of(node));
    }
    return out += kZshTail;
}

namespace {

constexpr std::string_view kFishHead =
    R"sh(# fish completion for ringctl, made by `ringctl completion fish`

# The command that the words before the cursor name: "breaker open".
function __ringctl_at
    set -l at
    set -l skip 0
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        if contains -- $word $__ringctl_valued
            set skip 1
        else if not string match -q -- '-*' $word
            set -l longer (string join ' ' $at $word)
            if contains -- $longer $__ringctl_paths
                set at $longer
            end
        end
    end
    echo $at
end

# The flags before the cursor that say where the server is, and the list of names from there.
function __ringctl_names
    set -l words (commandline -opc)
    set -l asked
    for i in (seq 2 (count $words))
        if contains -- $words[$i] --admin --token-file --config
            set -a asked $words[$i] $words[(math $i + 1)]
        end
    end
    command $words[1] $asked __names $argv[1] 2>/dev/null
end

function __ringctl_is
    test "$(__ringctl_at)" = "$argv[1]"
end

complete -c ringctl -f
)sh";

std::string fish_words(const std::string& kind) {
    if (kind == "upstream") return " -a '(__ringctl_names upstreams)'";
    if (kind == "pool") return " -a '(__ringctl_names pools)'";
    if (kind == "file") return " -F";
    return kind == "none" ? "" : " -a " + fish_quoted(kind);
}

std::string fish_flag(const Flag& flag) {
    const std::string name =
        flag.name.starts_with("--") ? " -l " + flag.name.substr(2) : " -s " + flag.name.substr(1);
    if (flag.kind.empty()) return name;
    // a value that is no file: -x forbids them
    return name + (flag.kind == "file" ? " -r" : " -x") + fish_words(flag.kind);
}

}  // namespace

std::string fish_completion(const CLI::App& app) {
    std::string paths = "set -g __ringctl_paths";
    std::string valued = "set -g __ringctl_valued";
    std::string lines;
    std::vector<std::string> told;
    for (const Node& node : nodes_of(app)) {
        if (!node.path.empty()) paths += ' ' + fish_quoted(node.path);
        const std::string where = fmt::format("complete -c ringctl -n {}",
                                              fish_quoted("__ringctl_is " + sh_quoted(node.path)));
        for (const auto& [name, meaning] : node.commands)
            lines += fmt::format("{} -a {} -d {}\n", where, name, fish_quoted(meaning));
        for (const Position& position : node.positions) {
            const std::string words = fish_words(position.kind);
            if (!words.empty()) lines += where + words + '\n';
        }
        for (const Flag& flag : node.flags) {
            lines += fmt::format("{}{} -d {}\n", where, fish_flag(flag), fish_quoted(flag.meaning));
            if (flag.kind.empty() || std::ranges::find(told, flag.name) != told.end()) continue;
            told.push_back(flag.name);
            valued += ' ' + flag.name;
        }
    }
    return std::string(kFishHead) + paths + '\n' + valued + '\n' + lines;
}

}  // namespace ringctl

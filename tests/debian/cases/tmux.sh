# tmux: a server, sessions, windows and panes, keys that are sent, and what the screen shows.
# packages: tmux
# seconds: 60
set -e
cd /tmp
export SHELL=/bin/sh ENV=/tmp/env
echo "PS1='$ '" > env
tmux -f /dev/null new-session -d -s main -x 80 -y 24 /bin/sh
waiting() { for try in $(seq 200); do tmux capture-pane -p -t "$1" | grep -q "^$2\$" && return; sleep 0.1; done; echo "no $2"; }
waiting main '\$'
tmux send-keys -t main 'echo first; stty size' Enter
waiting main "24 80"
tmux capture-pane -p -t main | grep -v '^$'
tmux split-window -h -t main 'stty size; seq 1 100 | tail -n 3; exec sleep 100'
waiting main.1 100
tmux capture-pane -p -t main.1 | grep -v '^$'
tmux new-window -t main -n second 'printf "\033[1;31mred\033[0m\n"; exec cat'
waiting main:second red
tmux capture-pane -e -p -t main:second | grep red | cat -v
tmux send-keys -t main:second 'typed text' Enter
for try in $(seq 100); do [ "$(tmux capture-pane -p -t main:second | grep -c 'typed text')" = 2 ] && break; sleep 0.1; done
tmux capture-pane -p -t main:second | grep -v '^$'
tmux resize-window -t main -x 100 -y 30
tmux list-panes -s -t main -F '#{window_index}.#{pane_index} #{pane_current_command} #{pane_width}x#{pane_height}'
tmux set-buffer 'a buffer' \; show-buffer
tmux display-message -p '#{session_name} #{session_windows}'
tmux list-sessions -F '#{session_name}'
tmux kill-session -t main
tmux has-session -t main 2>&1 | sed 's/ on .*//; s/: .*//' || true

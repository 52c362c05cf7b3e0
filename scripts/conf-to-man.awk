# Makes the manual page enterprise-push.conf(5) of the sample configuration, which is the one source of both.
#
#   awk -v version=0.1.0 -f scripts/conf-to-man.awk mosquitto-conf/enterprise-push.conf
#
# A line `# --- Title ---` begins a section. Elsewhere a block is comments, then the settings that they explain: lines
# that are none, or ones whose comment sign has no blank after it. Comments indented by more than one blank are shown as they are.

BEGIN {
    print ".TH ENTERPRISE\\-PUSH.CONF 5 \"\" \"mosquitto\\-enterprise\\-push " plain(version) "\" \"File Formats\""
    print ".ad l"
    print ".SH NAME"
    print "enterprise\\-push.conf \\- settings of a Mosquitto broker with mosquitto\\-enterprise\\-push"
    print ".SH DESCRIPTION"
    print "A file in Mosquitto's own format, see"
    print ".BR mosquitto.conf (5);"
    print "options of the plugin begin with"
    print ".BR plugin_opt_ ."
    print "Below, settings and values are those of the sample."
    text = ""; settings = 0
}

# Text for troff.
function plain(s) {
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    while (match(s, /`[^`]*`/))
        s = substr(s, 1, RSTART - 1) "\\fB" substr(s, RSTART + 1, RLENGTH - 2) "\\fR" substr(s, RSTART + RLENGTH)
    if (s ~ /^[.']/) s = "\\&" s
    return s
}

# Comments gathered: paragraph and settings do not mix.
function comment(line) {
    if (line ~ /^   ?/ && line !~ /^ [^ ]/) {
        text = text (shown ? "" : ".RS\n.nf\n") plain(substr(line, 2)) "\n"
        shown = 1
        return
    }
    close_shown()
    sub(/^ /, "", line)
    text = text plain(line) "\n"
}

function close_shown() {
    if (shown) text = text ".fi\n.RE\n"
    shown = 0
}

function flush(  i, name) {
    close_shown()
    for (i = 1; i <= settings; i++) {
        print (i == 1 ? ".TP" : ".TQ")
        name = setting[i]; sub(/ .*/, "", name)
        print "\\fB" plain(name) "\\fR \\fI" plain(substr(setting[i], length(name) + 2)) "\\fR"
    }
    if (!settings && text != "") print ".PP"
    printf "%s", text
    text = ""; settings = 0
}

/^# --- / {
    flush()
    title = $0
    gsub(/^# --- | -+$/, "", title)
    print ".SH " toupper(plain(title))
    next
}
/^$/ { flush(); next }
/^#( |$)/ {
    if (settings) flush()
    comment(substr($0, 2))
    next
}
{
    sub(/^#/, "")
    setting[++settings] = $0
}
END {
    flush()
    print ".SH FILES"
    print ".TP"
    print ".I /etc/mosquitto/conf.d/enterprise\\-push.conf.example"
    print "the sample that this page was made of; Mosquitto reads files ending in .conf alone"
    print ".TP"
    print ".I /usr/share/doc/mosquitto\\-enterprise\\-push/"
    print "documentation, and examples of a policy file, listeners, a dashboard and alert rules"
    print ".SH SEE ALSO"
    print ".BR mosquitto.conf (5),"
    print ".BR mosquitto (8),"
    print ".BR static\\-service (1)"
}

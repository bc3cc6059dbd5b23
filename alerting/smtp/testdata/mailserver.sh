# mailserver.sh WORK PACKAGE PORT PORT2 PORT3 PORT4 PORT5 runs a mail server of Debian in the foreground, in a
# mount and PID namespace of its own: the package is installed on a throw-away layer over
# this machine's files. Mail for ops@example.com goes to WORK/ops/Maildir; WORK has
# cert.pem and key.pem. The login is me / p@ss: PORT asks for none.
set -eu
work=$1 package=$2 p=$3 p2=$4 p3=$5 p4=$6 p5=$7
layer=$work/layer m=$work/layer/merged
mkdir "$layer"
mount -t tmpfs -o size=400m none "$layer"
mkdir "$layer/upper" "$layer/work" "$m"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$m"
mount --bind /dev "$m/dev"
mount -t proc proc "$m/proc"
mount -t tmpfs none "$m/run"
mkdir -p "$m/run/lock" "$m/spool"
mount --bind "$work" "$m/spool"
printf '#!/bin/sh\nexit 101\n' >"$m/usr/sbin/policy-rc.d" && chmod 755 "$m/usr/sbin/policy-rc.d"

also= && test "$package" = postfix && also="sasl2-bin libsasl2-modules"
install="DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $package $also"
chroot "$m" sh -c "$install || { apt-get update -qq && $install; }" >"$work/install.log" 2>&1 </dev/null
chroot "$m" sh -c "useradd -d /spool/ops ops && install -d -o ops -g ops -m 700 /spool/ops; echo mail.example.com >/etc/mailname"

case $package in
postfix)
	for mech in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256; do
		printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: %s\n' $mech >"$m/etc/postfix/sasl/$mech.conf"
	done
	service() { # PORT [OPTION…]
		port=$1 && shift
		chroot "$m" postconf -M "127.0.0.1:$port/inet=127.0.0.1:$port inet n - n - - smtpd $*"
	}
	login='-o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=encrypt -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject -o smtpd_sasl_path='
	chroot "$m" sh -c 'echo p@ss | saslpasswd2 -p -c -u mail.example.com me && chgrp postfix /etc/sasldb2 && chmod 640 /etc/sasldb2'
	chroot "$m" postconf -MX smtp/inet
	service "$p"
	service "$p2" "${login}PLAIN"
	service "$p3" "${login}LOGIN"
	service "$p4" "${login}CRAM-MD5"
	service "$p5" "${login}SCRAM-SHA-256"
	# mailbox_command: where procmail is installed, Debian has Postfix deliver by it, to another mailbox
	chroot "$m" postconf -e myhostname=mail.example.com mydestination=example.com home_mailbox=Maildir/ mailbox_command= inet_interfaces=127.0.0.1 mynetworks= \
		smtpd_tls_cert_file=/spool/cert.pem smtpd_tls_key_file=/spool/key.pem smtpd_tls_security_level=may smtpd_sasl_local_domain=mail.example.com \
		smtpd_helo_required=yes smtpd_helo_restrictions=reject_invalid_helo_hostname,reject_non_fqdn_helo_hostname \
		maillog_file=/spool/server.log maillog_file_prefixes=/spool alias_maps= alias_database=
	exec chroot "$m" postfix start-fg
	;;
exim4-daemon-light)
	cat >"$m/etc/exim4/exim4.conf" <<END
primary_hostname = mail.example.com
daemon_smtp_ports = $p : $p2 : $p3 : $p4 : $p5
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = /spool/cert.pem
tls_privatekey = /spool/key.pem
acl_smtp_helo = helo
acl_smtp_rcpt = rcpt
log_file_path = /spool/ops/exim-%s.log
begin acl
helo:
  deny message = Access denied - Invalid HELO name (See RFC2821 4.1.1.1)
       condition = \${if !match{\$sender_helo_name}{\\N[.]\\N}}
  accept
rcpt:
  deny message = authentication required
       condition = \${if !={\$received_port}{$p}}
       !authenticated = *
  deny !domains = example.com
       message = relay not permitted
  deny message = Unrouteable address
       !local_parts = ops
  accept
begin routers
local:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = /spool/ops/Maildir
  maildir_format
  user = ops
  group = ops
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2}{me}}{eq{\$auth3}{p@ss}}}}
  server_advertise_condition = \${if ={\$received_port}{$p2}}
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = User Name:: : Password::
  server_condition = \${if and{{eq{\$auth1}{me}}{eq{\$auth2}{p@ss}}}}
  server_advertise_condition = \${if ={\$received_port}{$p3}}
END
	chown ops "$work/ops" 2>/dev/null || true
	chroot "$m" sh -c 'chown -R ops:Debian-exim /spool/ops && chmod 770 /spool/ops && chmod 644 /spool/key.pem'
	exec chroot "$m" exim4 -bdf -q1m
	;;
opensmtpd) # without TLS: 6.8 finds no private key with the OpenSSL 3 of Debian 12
	cat >"$m/etc/smtpd.conf" <<END
listen on lo port $p hostname mail.example.com
action "in" maildir "/spool/ops/Maildir"
match from any for domain "example.com" action "in"
END
	exec chroot "$m" smtpd -dv
	;;
esac

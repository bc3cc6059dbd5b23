package yardstick

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
)

const (
	block    = 4096
	diskSize = 16 << 20 // begun again from the front when it is full
)

// disk is a file whose blocks are there already, so that a write has only itself to bring to the disk.
type disk struct {
	f      *os.File
	at     int64
	padded []byte
}

func openDisk(path string) (*disk, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(make([]byte, diskSize))
	if err == nil {
		err = f.Sync()
	}
	f.Close()
	if err != nil {
		return nil, err
	}
	f, err = os.OpenFile(path, os.O_RDWR|os.O_SYNC, 0)
	return &disk{f: f}, err
}

// write returns when data is on the disk.
func (d *disk) write(data []byte) error {
	d.padded = append(d.padded[:0], data...)
	d.padded = append(d.padded, make([]byte, (block-len(data)%block)%block)...)
	if d.at+int64(len(d.padded)) > diskSize {
		d.at = 0
	}
	_, err := d.f.WriteAt(d.padded, d.at)
	d.at += int64(len(d.padded))
	return err
}

// other is a process that has a disk too.
type other struct {
	conn net.Conn
	out  []byte
}

func startOther(path string, i int) (*other, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "bare", "-follow", "-disk", fmt.Sprint(path, ".", i))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil { // it ends when the connection does
		return nil, err
	}
	var addr string
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		return nil, err
	}
	return reach(addr)
}

func reach(addr string) (*other, error) {
	conn, err := net.Dial("tcp", addr)
	return &other{conn: conn}, err
}

func (o *other) send(data []byte) error {
	o.out = append(binary.BigEndian.AppendUint32(o.out[:0], uint32(len(data))), data...)
	_, err := o.conn.Write(o.out)
	return err
}

// readAcks tells of each batch that the other has.
func (o *other) readAcks(to chan<- uint64) {
	ack := make([]byte, 1)
	for n := uint64(1); ; n++ {
		if _, err := io.ReadFull(o.conn, ack); err != nil {
			return
		}
		to <- n
	}
}

// follower writes what one connection brings, and says so.
func follower(ln net.Listener, path string) error {
	d, err := openDisk(path)
	if err != nil {
		return err
	}
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	in, data := bufio.NewReaderSize(conn, 64<<10), []byte(nil)
	for size := make([]byte, 4); ; {
		if _, err := io.ReadFull(in, size); err != nil {
			return nil
		}
		data = append(data[:0], make([]byte, binary.BigEndian.Uint32(size))...)
		if _, err := io.ReadFull(in, data); err != nil {
			return nil
		}
		if err := d.write(data); err != nil {
			return err
		}
		if _, err := conn.Write([]byte{'+'}); err != nil {
			return err
		}
	}
}

using System.Diagnostics;
using System.Text;
using RpiAgent.Agent.Ssh;
using Xunit;

namespace RpiAgent.Tests.Integration.Ssh;

/// <summary>One user's authorized_keys on a real file system.</summary>
public sealed class KeyFileTests : IDisposable
{
    private const string Key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    private readonly string _home = Directory.CreateTempSubdirectory("rpi-ssh-").FullName;

    private string Ssh => Path.Join(_home, ".ssh");

    private string File => Path.Join(Ssh, "authorized_keys");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private KeyFileOrder Order(params string[] ids) => new(_home, ".ssh/authorized_keys", [".ssh/authorized_keys2"], true, [.. ids.Select(id => new OrderedKey(id, Key))], [], true);

    [Fact]
    public void A_first_key_makes_the_folder_and_the_file_for_nobody_else()
    {
        KeyFileReport report = KeyFile.Apply(Order("ann"));
        Assert.Equal((true, 1, ""), (report.Changed, report.Usable, report.Refusal));
        Assert.Equal($"{Key} rpi-agent:ann\n", System.IO.File.ReadAllText(File));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, System.IO.File.GetUnixFileMode(Ssh));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.False(KeyFile.Apply(Order("ann")).Changed);
        Assert.Equal([File], Directory.GetFiles(Ssh));
    }

    [Fact]
    public void Nothing_is_made_when_nothing_is_wished()
    {
        Assert.False(KeyFile.Apply(Order()).Changed);
        Assert.Empty(Directory.GetFileSystemEntries(_home));
    }

    [Fact]
    public void Bytes_of_others_stay_as_they_are()
    {
        byte[] theirs = [.. "# "u8, 0xff, 0xfe, .. "\r\nssh-rsa garbage \0 x"u8];
        Directory.CreateDirectory(Ssh);
        System.IO.File.WriteAllBytes(File, theirs);
        KeyFile.Apply(Order("ann"));
        byte[] content = System.IO.File.ReadAllBytes(File);
        Assert.Equal(theirs, content[..theirs.Length]);
        Assert.Equal($"\n{Key} rpi-agent:ann\n", Encoding.UTF8.GetString(content[theirs.Length..]));
    }

    [Theory]
    [InlineData(".ssh")]
    [InlineData(".ssh/authorized_keys")]
    public void A_symbolic_link_is_refused_and_left_alone(string link)
    {
        string target = Directory.CreateTempSubdirectory("rpi-ssh-").FullName;
        string file = Path.Join(target, "authorized_keys");
        System.IO.File.WriteAllText(file, "secret\n");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Join(_home, link))!);
        System.IO.File.CreateSymbolicLink(Path.Join(_home, link), link == ".ssh" ? target : file);
        KeyFileReport report = KeyFile.Apply(Order("ann"));
        Assert.Contains("symbolic link", report.Refusal, StringComparison.Ordinal);
        Assert.Equal("secret\n", System.IO.File.ReadAllText(file));
        Directory.Delete(target, recursive: true);
    }

    [Fact]
    public void A_pipe_is_refused_without_waiting_for_it()
    {
        Directory.CreateDirectory(Ssh);
        Process.Start("mkfifo", [File]).WaitForExit();
        Assert.Contains("no plain file", KeyFile.Apply(Order("ann")).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_home_that_others_may_write_is_told_since_sshd_ignores_its_keys()
    {
        System.IO.File.SetUnixFileMode(_home, (UnixFileMode)0x1fd); // 0775
        KeyFileReport report = KeyFile.Apply(Order("ann"));
        Assert.Equal((true, 0), (report.Changed, report.Usable));
        Assert.Contains("chmod go-w", Assert.Single(report.Warnings), StringComparison.Ordinal);
        Assert.Empty(KeyFile.Apply(Order("ann") with { Strict = false }).Warnings);
    }

    [Fact]
    public void What_a_power_cut_left_is_written_over()
    {
        Directory.CreateDirectory(Ssh);
        System.IO.File.WriteAllText(Path.Join(Ssh, ".authorized_keys.rpi-agent"), "half");
        Assert.True(KeyFile.Apply(Order("ann")).Changed);
        Assert.Equal([File], Directory.GetFiles(Ssh));
    }

    [Fact]
    public void A_key_in_the_second_file_lets_the_last_one_of_the_first_go()
    {
        KeyFile.Apply(Order("ann"));
        Assert.Equal("ann", KeyFile.Apply(Order()).Kept);
        System.IO.File.WriteAllText(File + "2", $"{Key}\n");
        KeyFileReport report = KeyFile.Apply(Order());
        Assert.Equal((true, 1), (report.Changed, report.Usable));
        Assert.Null(report.Kept);
    }

    [Fact]
    public void Below_the_root_only_folders_of_root_alone_are_written_to()
    {
        KeyFileOrder order = Order("ann") with { Base = "/", File = Path.Join(_home, "pi").TrimStart('/') };
        Assert.Contains("others than root", KeyFile.Apply(order).Refusal, StringComparison.Ordinal); // through /tmp
        Assert.Empty(Directory.GetFileSystemEntries(_home));
    }

    [Fact]
    public void The_program_takes_an_order_and_gives_a_report_as_the_user_it_runs_as()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to become another user");
        Process.Start("chown", ["-R", "65534:65534", _home]).WaitForExit();
        string order = System.Text.Json.JsonSerializer.Serialize(Order("ann"), SshJson.Default.KeyFileOrder);
        ProcessStartInfo start = new("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", "umask 0; exec \"$0\" ssh-keys", Path.Join(AppContext.BaseDirectory, "rpi-agent")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        start.Environment["HOME"] = _home;
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(order);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("\"changed\":true", output, StringComparison.Ordinal);
        Assert.Equal(65534U, uint.Parse(Run("stat", "-c", "%u", File), System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Trim();
    }
}

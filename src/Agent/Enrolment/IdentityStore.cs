using System.Security.Cryptography;
using System.Text.Json;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Enrolment;

/// <summary>This node as enrolled.</summary>
internal sealed record EnrolledNode(Credentials Credentials, SavedEnrolment Saved)
{
    public NodeId Id => new(Credentials.Identity.Id);
    public EnrolledSpec Spec => Saved.Spec;
}

/// <summary>The identity on disk: <c>identity/</c> in the state directory. Orders and renewals change it at the same time; each change begins with what is there.</summary>
internal sealed class IdentityStore(AgentOptions options)
{
    private readonly Lock _oneWriter = new();
    private readonly string _folder = options.State("identity");

    private string EnrolmentPath => Path.Join(_folder, "enrolment.json");

    /// <summary>The board that key and identity were made on, for clone-guard.sh, which runs before us.</summary>
    private string BoardPath => Path.Join(_folder, "board");

    private CredentialFiles Files => new(_folder, "node");

    /// <summary>The key to enrol with; on disk before it is used. One that waits on a copied card is the other board's.</summary>
    public ECDsa PrepareKey(Board here)
    {
        AtomicFile.EnsureDirectory(_folder, AtomicFile.PrivateDirectory);
        if (!Files.Exist)
        {
            if (File.Exists(BoardPath) && BoardFile.Parse(File.ReadAllText(BoardPath)).DifferenceTo(here.Print) is not null)
            {
                Files.ForgetNextKey();
            }

            AtomicFile.Write(BoardPath, BoardFile.Render(here.Print), AtomicFile.Private);
        }

        return Files.PrepareKey();
    }

    /// <summary>The certificate comes last: with it on disk the identity is whole.</summary>
    public EnrolledNode Save(SavedEnrolment enrolment, string certificatePem, string authorityPem)
    {
        lock (_oneWriter)
        {
            AtomicFile.Write(BoardPath, BoardFile.Render(enrolment.Board.Print), AtomicFile.Private);
            Write(enrolment);
            return new EnrolledNode(Files.Commit(certificatePem, authorityPem), enrolment);
        }
    }

    /// <summary>A new certificate; what was ordered meanwhile stays.</summary>
    public EnrolledNode Renew(Func<SavedEnrolment, SavedEnrolment> change, string certificatePem, string authorityPem)
    {
        lock (_oneWriter)
        {
            return Save(change(Read()), certificatePem, authorityPem);
        }
    }

    /// <summary>Changes what was told, not the certificate.</summary>
    public void Change(Func<SavedEnrolment, SavedEnrolment> change)
    {
        lock (_oneWriter)
        {
            Write(change(Read()));
        }
    }

    public bool Exists => Directory.Exists(_folder);

    /// <summary>The key first: without it the rest is worth nothing.</summary>
    public void Delete()
    {
        File.Delete(Files.KeyPath);
        Directory.Delete(_folder, recursive: true);
        AtomicFile.SyncDirectory(Path.GetDirectoryName(_folder) ?? "/");
    }

    /// <summary>The saved identity, or null when this board has none.</summary>
    /// <exception cref="EnrolmentException">It is damaged, or belongs to another board.</exception>
    public EnrolledNode? Load(Board here) =>
        LoadWherever() is not { } node ? null
        : CloneCheck.Refuse(node.Saved.Board, here) is { } clone ? throw new EnrolmentException(clone)
        : node;

    /// <summary>The saved identity also on another board than its own: only to have it moved there.</summary>
    /// <exception cref="EnrolmentException">It is damaged.</exception>
    public EnrolledNode? LoadWherever()
    {
        try
        {
            if (Files.Load() is not Credentials credentials)
            {
                return null;
            }

            return new EnrolledNode(credentials, Read());
        }
        catch (Exception damaged) when (damaged is CryptographicException or ArgumentException or JsonException or IOException or UnauthorizedAccessException)
        {
            throw new EnrolmentException($"the saved identity in {_folder} cannot be read ({damaged.Message}); restore it, or run `rpi-agent reset-identity --yes` and enrol anew", damaged);
        }
    }

    private SavedEnrolment Read() => JsonSerializer.Deserialize(File.ReadAllBytes(EnrolmentPath), EnrolmentJson.Default.SavedEnrolment) ?? throw new JsonException("empty");

    private void Write(SavedEnrolment enrolment) =>
        AtomicFile.Write(EnrolmentPath, JsonSerializer.SerializeToUtf8Bytes(enrolment, EnrolmentJson.Default.SavedEnrolment), AtomicFile.Private);
}

/// <summary>This node cannot enrol or use its identity until a person acts; the message says how.</summary>
internal sealed class EnrolmentException(string message, Exception? inner = null) : Exception(message, inner);

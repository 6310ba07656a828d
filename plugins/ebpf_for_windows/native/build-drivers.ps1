# Makes a test-signed driver of each object of `bpf-assay export --elf` (docs/windows-native.md).
# PowerShell 5.1, in a Developer Command Prompt of Visual Studio.
param(
    [Parameter(Mandatory = $true)] [string] $Objects, # the folder with manifest.json
    [string] $Bpf2c = $env:BPF2C,                     # bpf2c.exe; otherwise from PATH
    [string] $Include = '',                           # otherwise 'include' beside bpf2c's folder
    [ValidateSet('Release', 'Debug')] # what the project of a kernel driver has
    [string] $Configuration = 'Release')

$ErrorActionPreference = 'Stop'

function Stop-With([string] $Message) {
    [Console]::Error.WriteLine("build-drivers: $Message")
    exit 1
}

function Find-Program([string] $Name) {
    $found = Get-Command $Name -CommandType Application -ErrorAction SilentlyContinue
    if ($found) { return @($found)[0].Source }
    return ''
}

$manifest_file = Join-Path $Objects 'manifest.json'
if (-not (Test-Path $manifest_file)) {
    Stop-With "$manifest_file is missing: give the folder that 'bpf-assay export --elf' wrote (step 5)"
}
$Objects = (Resolve-Path $Objects).Path
$manifest = Get-Content -Raw -Encoding UTF8 $manifest_file | ConvertFrom-Json
if (@('sample_ext', 'bind', 'xdp') -notcontains $manifest.section) {
    Stop-With "the objects' section is '$($manifest.section)': export with --program-section sample_ext, bind or xdp (step 5)"
}

if (-not $Bpf2c) { $Bpf2c = Find-Program 'bpf2c.exe' }
if (-not $Bpf2c -or -not (Test-Path $Bpf2c)) {
    Stop-With 'bpf2c.exe is not found: -Bpf2c, the variable BPF2C or PATH must name it (step 4)'
}
$bin = Split-Path -Parent (Resolve-Path $Bpf2c).Path
$convert = Join-Path $bin 'Convert-BpfToNative.ps1'
if (-not (Test-Path $convert)) {
    Stop-With "$convert is missing: a build of eBPF for Windows puts it beside bpf2c.exe (step 4)"
}
if (-not $Include) { $Include = Join-Path (Split-Path -Parent $bin) 'include' }
if (-not (Test-Path (Join-Path $Include 'bpf2c.h'))) {
    Stop-With "bpf2c.h is not in ${Include}: -Include must name its folder (step 4)"
}
if (-not (Find-Program 'msbuild.exe')) {
    Stop-With "msbuild.exe is not found: start this in a 'Developer Command Prompt' (step 3)"
}
$signtool = Find-Program 'signtool.exe'
if (-not $signtool) { Stop-With 'signtool.exe is not found: install the SDK and the WDK (step 3)' }

# What the running system was started with; what bcdedit prints is translated, this is not.
$control = 'HKLM:\SYSTEM\CurrentControlSet\Control'
if ((Get-ItemProperty $control).SystemStartOptions -notmatch 'TESTSIGNING') {
    Stop-With "test signing is off: 'bcdedit.exe -set TESTSIGNING ON' as administrator, then restart (step 2)"
}

$subject = 'CN=bpf-assay test drivers'
$store = 'Cert:\CurrentUser\My'
$certificate = @(Get-ChildItem $store -CodeSigningCert |
        Where-Object { $_.Subject -eq $subject -and $_.NotAfter -gt (Get-Date) })[0]
if (-not $certificate) {
    $certificate = New-SelfSignedCertificate -Type CodeSigningCert -Subject $subject -CertStoreLocation $store
}

foreach ($object in $manifest.objects) {
    $name = [IO.Path]::GetFileNameWithoutExtension($object.file)
    $driver = Join-Path $Objects "$name.sys"
    # An old driver must not pass for the one of this object.
    if (Test-Path $driver) { Remove-Item $driver }
    # In a process of its own, since it changes its folder. No -Type: the section has it.
    & powershell.exe -NoProfile -ExecutionPolicy Bypass -File $convert -FileName $object.file `
        -IncludeDir $Include -BinDir $bin -OutDir $Objects -Configuration $Configuration
    if ($LASTEXITCODE -ne 0 -or -not (Test-Path $driver)) {
        Stop-With ("$($object.file) became no driver; bpf2c's or msbuild's message is above. If one program is " +
            'refused, export with --programs-per-object 1 (step 5)')
    }
    & $signtool sign /fd SHA256 /sha1 $certificate.Thumbprint $driver
    if ($LASTEXITCODE -ne 0) { Stop-With "$driver cannot be signed; signtool's message is above" }
}

Write-Output "$(@($manifest.objects).Count) drivers in $Objects. Next, as administrator, for each:"
Write-Output "  netsh ebpf add program $(Join-Path $Objects '<name>.sys')"

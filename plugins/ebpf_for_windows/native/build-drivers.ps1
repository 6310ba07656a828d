# Makes a test-signed driver of each object of `bpf-assay export --elf` (docs/windows-native.md).
# PowerShell 5.1, in a Developer Command Prompt of Visual Studio.
param(
    [Parameter(Mandatory = $true)] [string] $Objects, # the folder with programs.txt
    [string] $Bpf2c = $env:BPF2C,                     # bpf2c.exe; otherwise from PATH
    [string] $Include = '',                           # otherwise 'include' beside bpf2c's folder
    [ValidateSet('Release', 'Debug')] # what the project of a kernel driver has
    [string] $Configuration = 'Release')

$ErrorActionPreference = 'Stop'
$longest_value = 65504 # of a map, that a message to the runtime's driver has room for
$longest_section = 8   # of a name in a driver; bpf2c gives each program of a longer one its own
$most_sections = 80    # of programs: Windows loads files of 96 sections, and some are not theirs

function Stop-With([string] $Message) {
    [Console]::Error.WriteLine("build-drivers: $Message")
    exit 1
}

function Find-Program([string] $Name) {
    $found = Get-Command $Name -CommandType Application -ErrorAction SilentlyContinue
    if ($found) { return @($found)[0].Source }
    return ''
}

# The converter hands paths to msbuild and to a command line without quotation marks.
function Resolve-Plain([string] $Path) {
    $full = (Resolve-Path $Path).ProviderPath.TrimEnd('\')
    if ($full -match '[^!-~]') { Stop-With "'$full' has a space or a letter that is not ASCII: move it" }
    return $full
}

# --- what there is ---

$list = Join-Path $Objects 'programs.txt'
if (-not (Test-Path $list)) {
    Stop-With "$list is missing: give the folder that 'bpf-assay export --elf' wrote (step 6)"
}
$Objects = Resolve-Plain $Objects
$section = ''
$found = @() # of each object: its file, the size of its map's value, and how many programs it has
foreach ($line in [IO.File]::ReadAllLines((Join-Path $Objects 'programs.txt'))) {
    $words = $line.Split(' ')
    switch ($words[0]) {
        'section' { $section = $words[1] }
        'object' { $found += [pscustomobject]@{ File = $words[1]; Value = [int]$words[2]; Programs = 0 } }
        'program' { $found[-1].Programs += 1 }
    }
}
if (@('sample_ext', 'bind', 'xdp') -notcontains $section) {
    Stop-With "the objects' section is '$section': export with --program-section sample_ext, bind or xdp (step 6)"
}
foreach ($object in $found) {
    if ($object.Value -gt $longest_value) {
        Stop-With ("$($object.File) has a map with values of $($object.Value) bytes; the runtime has room " +
            "for $longest_value (step 6)")
    }
    if ($section.Length -gt $longest_section -and $object.Programs -gt $most_sections) {
        Stop-With ("$($object.File) has $($object.Programs) programs, each of which becomes a section of its " +
            "driver: export with --programs-per-object 64 (step 6)")
    }
}

if (-not $Bpf2c) { $Bpf2c = Find-Program 'bpf2c.exe' }
if (-not $Bpf2c -or -not (Test-Path $Bpf2c)) {
    Stop-With 'bpf2c.exe is not found: -Bpf2c, the variable BPF2C or PATH must name it (step 4)'
}
$Bpf2c = Resolve-Plain $Bpf2c
$bin = Split-Path -Parent $Bpf2c
$convert = Join-Path $bin 'Convert-BpfToNative.ps1'
if (-not (Test-Path $convert)) {
    Stop-With "$convert is missing: a build of eBPF for Windows puts it beside bpf2c.exe (step 4)"
}
if (-not $Include) { $Include = Join-Path (Split-Path -Parent $bin) 'include' }
if (-not (Test-Path (Join-Path $Include 'bpf2c.h'))) {
    Stop-With "bpf2c.h is not in ${Include}: -Include must name its folder (step 4)"
}
$Include = Resolve-Plain $Include
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
$certificate = Get-ChildItem $store -CodeSigningCert |
    Where-Object { $_.Subject -eq $subject -and $_.NotAfter -gt (Get-Date) } | Select-Object -First 1
if (-not $certificate) {
    $certificate = New-SelfSignedCertificate -Type CodeSigningCert -Subject $subject -CertStoreLocation $store
}
Export-Certificate -Cert $certificate -FilePath (Join-Path $Objects 'bpf-assay-test.cer') | Out-Null

# --- the drivers ---

$refused = 0
foreach ($object in $found) {
    $name = [IO.Path]::GetFileNameWithoutExtension($object.File)
    $base = Join-Path $Objects $name
    # An old driver must not pass for the one of this object, nor an old refusal.
    Remove-Item "$base.sys", "$base.refused" -ErrorAction SilentlyContinue

    # By itself first: the verifier's refusal is a result, and all else that fails is not.
    $said = "$base.bpf2c.txt"
    $process = Start-Process -FilePath $Bpf2c -NoNewWindow -Wait -PassThru `
        -ArgumentList '--bpf', "$base.o", '--sys', "$base.c" `
        -RedirectStandardError $said -RedirectStandardOutput "$base.out.txt"
    $message = [IO.File]::ReadAllText($said)
    Remove-Item "$base.c", "$base.out.txt", $said -ErrorAction SilentlyContinue
    if ($process.ExitCode -ne 0) {
        if ($message -notmatch '(?m)^Verification failed for ') {
            Stop-With "bpf2c fails on $($object.File), and not for its verifier's sake: $message (step 5?)"
        }
        [IO.File]::WriteAllText("$base.refused", $message)
        $refused += 1
        continue
    }

    # In a process of its own, since it changes its folder. No -Type: the section has it.
    & powershell.exe -NoProfile -ExecutionPolicy Bypass -File $convert -FileName $object.File `
        -IncludeDir $Include -BinDir $bin -OutDir $Objects -Configuration $Configuration
    if ($LASTEXITCODE -ne 0 -or -not (Test-Path "$base.sys")) {
        Stop-With "$($object.File) became no driver; msbuild's message is above"
    }
    & $signtool sign /fd SHA256 /sha1 $certificate.Thumbprint "$base.sys"
    if ($LASTEXITCODE -ne 0) { Stop-With "$base.sys cannot be signed; signtool's message is above" }
}

Write-Output "$($found.Count - $refused) drivers in $Objects; bpf2c refused $refused objects."
Write-Output "Next, as administrator (steps 8 and 9): trust bpf-assay-test.cer, and then"
Write-Output "  bpf-assay run -p 'ebpf_for_windows.exe --objects $Objects'"
